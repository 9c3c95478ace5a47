// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.GuestMemory;
import io.vmmig.hypervisor.RamRegion;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A child of ours stands in for a QEMU: it has its arguments, and the end of its stack for RAM. */
class QemuProcessMemoryTest {
    private static final int PAGE_BYTES = 4096;
    private static final List<RamRegion> RAM = List.of(new RamRegion(0, 2 * PAGE_BYTES, 0));

    private final UUID guest = UUID.randomUUID();
    private Process process;

    @BeforeEach
    void start() throws IOException {
        ProcessBuilder builder = new ProcessBuilder("sh", "-c", "read forever", "-uuid", guest.toString(), "-end");
        StringBuilder varied = new StringBuilder();
        new Random(1).ints(16 * PAGE_BYTES, 'a', 'z').forEach(letter -> varied.append((char) letter));
        builder.environment().put("VARIED", varied.toString());
        process = builder.start();
    }

    @AfterEach
    void end() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    private Path memoryFile() {
        return Path.of("/proc", Long.toString(process.pid()), "mem");
    }

    private long openDescriptors() throws IOException {
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
            return descriptors
                    .filter(descriptor -> {
                        try {
                            return Files.readSymbolicLink(descriptor).equals(memoryFile());
                        } catch (IOException e) {
                            // The one that lists them.
                            return false;
                        }
                    })
                    .count();
        }
    }

    @Test
    void memoryThatLibvirtDoesNotShowIsNotKeptOpen() throws Exception {
        AtomicInteger asked = new AtomicInteger();

        Optional<GuestMemory> found = QemuProcessMemory.find(guest, RAM, (address, buffer, offset, length) -> {
            asked.incrementAndGet();
            throw VmmigException.of(Problem.HYPERVISOR_TIMEOUT, "libvirt does not answer", "");
        });

        assertThat(found).isEmpty();
        assertThat(asked).hasValue(1);
        assertThat(openDescriptors()).isZero();
    }

    @Test
    void memoryThatDiffersIsNotKeptOpen() throws Exception {
        assertThat(QemuProcessMemory.find(guest, RAM, (address, buffer, offset, length) -> {}))
                .isEmpty();
        assertThat(openDescriptors()).isZero();
    }

    @Test
    void memoryThatIsTheSameIsRead() throws Exception {
        long stackEnd = Files.readAllLines(memoryFile().resolveSibling("maps")).stream()
                .filter(line -> line.endsWith("[stack]"))
                .map(line -> line.substring(line.indexOf('-') + 1, line.indexOf(' ')))
                .mapToLong(hex -> Long.parseLong(hex, 16))
                .findFirst()
                .orElseThrow();
        try (RandomAccessFile file = new RandomAccessFile(memoryFile().toFile(), "r")) {
            GuestMemory shown = (address, buffer, offset, length) -> {
                try {
                    file.seek(stackEnd - 2 * PAGE_BYTES + address);
                    file.readFully(buffer, offset, length);
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
            };
            byte[] expected = new byte[PAGE_BYTES];
            shown.read(PAGE_BYTES, expected, 0, PAGE_BYTES);

            try (GuestMemory found = QemuProcessMemory.find(guest, RAM, shown).orElseThrow()) {
                byte[] page = new byte[PAGE_BYTES];
                found.read(PAGE_BYTES, page, 0, PAGE_BYTES);

                assertThat(page).isEqualTo(expected);
                assertThat(openDescriptors()).isEqualTo(2);
            }
            assertThat(openDescriptors()).isEqualTo(1);
        }
    }
}
