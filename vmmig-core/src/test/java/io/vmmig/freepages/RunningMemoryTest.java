// SPDX-License-Identifier: Apache-2.0
package io.vmmig.freepages;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vmmig.error.HypervisorException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.GuestMemory;
import io.vmmig.qemu.RamScanner;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The memory of a running guest is read where there is RAM, and nowhere else. */
class RunningMemoryTest {
    private static final int PAGE = RamScanner.PAGE_BYTES;
    private static final long RAM_BYTES = 32 << 20;
    private static final long HOLE = 0xa0000;
    private static final long HOLE_END = 1 << 20;

    /** Each page begins with its address, plus one. */
    private static final GuestMemory NUMBERED = (address, buffer, offset, length) -> {
        assertThat(address >= HOLE_END || address + length <= HOLE)
                .as("a read of %d bytes from %x", length, address)
                .isTrue();
        assertThat(address + length).isLessThanOrEqualTo(RAM_BYTES);
        for (int at = 0; at < length; at += PAGE) {
            ByteBuffer.wrap(buffer, offset + at, Long.BYTES).putLong(address + at + 1);
        }
    };

    private static byte[] read(GuestMemory memory) throws IOException, VmmigException {
        try (InputStream in = RunningMemory.open(new FakeGuest(Optional.of(memory)), FakeGuest.domain(""), true)) {
            return in.readAllBytes();
        }
    }

    @Test
    void everyPageIsInItsPlace() throws Exception {
        byte[] stream = read(NUMBERED);
        long[] next = {0};
        new RamScanner().scan(stream, 0, stream.length, true, new RamScanner.Visitor() {
            @Override
            public void opaque(int offset, int length) {
                // Headers.
            }

            @Override
            public void page(int offset, int headerBytes, String block, long address) {
                assertThat(address).isEqualTo(next[0]);
                assertThat(ByteBuffer.wrap(stream).getLong(offset + headerBytes))
                        .isEqualTo(address + 1);
                next[0] += PAGE;
            }

            @Override
            public void filled(int offset, int headerBytes, String block, long address) {
                assertThat(address).isEqualTo(next[0]).isBetween(HOLE, HOLE_END - 1);
                next[0] += PAGE;
            }
        });
        assertThat(next[0]).isEqualTo(RAM_BYTES);
    }

    @Test
    void aReadThatFailsEndsTheStreamWithItsReason() {
        GuestMemory failing = (address, buffer, offset, length) -> {
            throw new HypervisorException(Problem.HYPERVISOR_FAILED, "QEMU is gone", "");
        };
        assertThatThrownBy(() -> read(failing))
                .isInstanceOf(IOException.class)
                .hasCauseInstanceOf(HypervisorException.class)
                .hasMessageContaining("QEMU is gone");
    }

    @Test
    void saysWhyItCannotBeRead() throws Exception {
        FakeGuest silent = new FakeGuest(Optional.empty());
        assertThatThrownBy(() -> RunningMemory.requireReadable(silent, FakeGuest.domain("")))
                .hasMessageContaining("does not show a guest's memory");
        FakeGuest shown = new FakeGuest(Optional.of(NUMBERED));
        assertThatThrownBy(() -> RunningMemory.requireReadable(
                        shown,
                        FakeGuest.domain(
                                "<memoryBacking><hugepages/></memoryBacking><maxMemory slots='2'>1</maxMemory>")))
                .satisfies(e -> assertThat(((VmmigException) e).problem()).isEqualTo(Problem.DOMAIN_UNSUPPORTED));
    }
}
