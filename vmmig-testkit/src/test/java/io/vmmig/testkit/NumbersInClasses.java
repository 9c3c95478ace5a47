// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** A rule that ArchUnit has no words for: the compiler copies a constant to wherever it is used. */
final class NumbersInClasses {
    private static final byte CONSTANT_INTEGER = 3;

    private NumbersInClasses() {}

    static ArchCondition<JavaClass> notHold(int... numbers) {
        return new ArchCondition<>("not hold the numbers of a file format") {
            @Override
            public void check(JavaClass type, ConditionEvents events) {
                String bytes = bytesOf(type);
                for (int number : numbers) {
                    byte[] constant = ByteBuffer.allocate(1 + Integer.BYTES)
                            .put(CONSTANT_INTEGER)
                            .putInt(number)
                            .array();
                    boolean held = bytes.contains(new String(constant, StandardCharsets.ISO_8859_1));
                    events.add(new SimpleConditionEvent(
                            type, !held, type.getName() + " holds 0x" + Integer.toHexString(number)));
                }
            }
        };
    }

    private static String bytesOf(JavaClass type) {
        try (InputStream in = type.getSource().orElseThrow().getUri().toURL().openStream()) {
            return new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
