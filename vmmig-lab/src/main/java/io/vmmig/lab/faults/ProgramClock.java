// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.faults;

import io.vmmig.lab.Checkout;
import io.vmmig.lab.Command;
import io.vmmig.lab.LabException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Map;

/**
 * The wall clock of a host's program, which can be set; see {@code lab/clock.c}.
 *
 * @param file holds how far it is ahead of the machine's clock
 */
record ProgramClock(Path file) {
    private static final Duration BUILD_TIME = Duration.ofMinutes(1);

    static ProgramClock in(Path hostDirectory) {
        return new ProgramClock(hostDirectory.resolve("clock"));
    }

    /** The environment that the program needs. Creates the clock. */
    Map<String, String> environment() {
        set(Duration.ZERO);
        String library = Command.of(Checkout.script("clock")).run(BUILD_TIME);
        return Map.of("LD_PRELOAD", library, "VMMIG_CLOCK", file.toString());
    }

    void set(Duration ahead) {
        ByteBuffer number = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.nativeOrder());
        number.putLong(ahead.toSeconds()).flip();
        // In place, since the program has mapped it.
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            channel.write(number, 0);
        } catch (IOException e) {
            throw new LabException("could not set a clock", e);
        }
    }
}
