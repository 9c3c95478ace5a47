// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.util.List;

/** A rule that ArchUnit has no words for. */
final class PublicSignatures {
    private PublicSignatures() {}

    static ArchCondition<JavaMethod> notMention(String... internalPackages) {
        List<String> internal = List.of(internalPackages);
        return new ArchCondition<>("not mention types of " + internal) {
            @Override
            public void check(JavaMethod method, ConditionEvents events) {
                if (!isPublic(method.getOwner())) {
                    return;
                }
                for (JavaClass type : method.getAllInvolvedRawTypes()) {
                    boolean leaks = internal.contains(type.getPackageName());
                    events.add(new SimpleConditionEvent(
                            method, !leaks, method.getFullName() + " mentions the internal " + type.getName()));
                }
            }
        };
    }

    /** Whether others can name a class: one inside a class that is not public may call itself so. */
    private static boolean isPublic(JavaClass type) {
        return type.getModifiers().contains(JavaModifier.PUBLIC)
                && type.getEnclosingClass().map(PublicSignatures::isPublic).orElse(true);
    }
}
