// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit.hostile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.vmmig.error.VmmigException;
import io.vmmig.testkit.hostile.HostilePackage.Fault;
import java.io.IOException;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * What a destination must do with {@link HostilePackages}: refuse each with its own problem, and be left as it was. Extend it
 * for a program that takes in packages.
 */
public abstract class HostilePackageContract {
    /** For subclasses. */
    protected HostilePackageContract() {}

    /** A destination that holds nothing yet, for one package. */
    protected abstract Destination destination() throws Exception;

    /** A host that takes in packages. */
    public interface Destination extends AutoCloseable {
        /**
         * Takes in a package.
         *
         * @throws VmmigException when it is refused
         */
        void receive(byte[] content) throws Exception;

        /** Whether the hypervisor was asked to restore a guest, be it that nothing came of it. */
        boolean restoreBegun();

        /** Whatever is there that was not there at first: guests, and files where guests have theirs. */
        Stream<String> leftBehind() throws Exception;

        @Override
        void close() throws IOException;
    }

    @Test
    void takesInWhatIsHarmless() throws Exception {
        try (Destination destination = destination()) {
            assertThatCode(() -> destination.receive(HostilePackages.harmless()))
                    .doesNotThrowAnyException();
            assertThat(destination.leftBehind()).isNotEmpty();
        }
    }

    @TestFactory
    Stream<DynamicTest> refuses() {
        return HostilePackages.all().stream()
                .map(hostile -> DynamicTest.dynamicTest(hostile.toString(), () -> assertRefused(hostile)));
    }

    private void assertRefused(HostilePackage hostile) throws Exception {
        try (Destination destination = destination()) {
            Throwable refusal = catchThrowable(() -> destination.receive(hostile.bytes()));
            assertThat(refusal).as(hostile.name()).isInstanceOfSatisfying(VmmigException.class, e -> assertThat(
                            e.problem())
                    .as(e.getMessage())
                    .isEqualTo(hostile.problem()));
            assertThat(String.valueOf(refusal.getMessage()).codePoints())
                    .as("a message that does nothing to a terminal: %s", refusal.getMessage())
                    .noneMatch(c -> c < ' ' || c == 0x7f || c == 0x202e);
            assertThat(destination.leftBehind()).as("what is left").isEmpty();
            if (hostile.fault() == Fault.BEFORE_MEMORY) {
                assertThat(destination.restoreBegun()).as("a restore was begun").isFalse();
            }
        }
    }
}
