// SPDX-License-Identifier: Apache-2.0
package io.vmmig.qcow2;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Images as QEMU's own tools make them, read as those tools read them. */
@Tag("slow")
class Qcow2ImageIT {
    private static final int PAGE = 4096;

    @TempDir
    private Path directory;

    private Qemu qemu;

    @BeforeEach
    void findTools() throws Exception {
        qemu = new Qemu(directory);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "compat=1.1",
                "compat=0.10",
                "compat=1.1,compression_type=zstd",
                "compat=1.1,extended_l2=on",
                "compat=1.1,preallocation=metadata",
                "cluster_size=512",
                "cluster_size=1k,compression_type=zstd",
                "cluster_size=4k",
                "cluster_size=16k,extended_l2=on",
                "cluster_size=2M",
                "cluster_size=2M,extended_l2=on,compression_type=zstd",
                "compat=0.10,cluster_size=512",
                "compat=0.10,cluster_size=2M"
            })
    void everyKindOfClusterIsReadAsQemuReadsIt(String options) throws Exception {
        fill("image", options);
        requireSame("image");
    }

    private void fill(String image, String options) throws Exception {
        qemu.img("create -q -f qcow2 -o " + options + " " + image + " " + (23 * 1024 * 1024 + 512));
        for (String command : List.of(
                "write -P 0x11 0 3M",
                "write -P 0x22 5000k 1k",
                "write -P 0x23 5003k 5k",
                "write -c -P 0x33 8M 2M",
                "write -c -P 0x44 12M 2M",
                "write -P 0x55 16M 6M",
                "write -z 17M 64k",
                "write -z 18M 2M",
                "discard 20M 1M",
                "write -P 0x66 " + 23 * 1024 * 1024 + " 512")) {
            // QEMU does not compress what is allocated already.
            boolean possible = !options.contains("preallocation") || !command.startsWith("write -c");
            if (possible) {
                qemu.io(image, "qcow2", command);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "-c -o compat=1.1",
                "-c -o compat=0.10",
                "-c -o compression_type=zstd",
                "-c -o cluster_size=2M",
                "-c -o cluster_size=2M,compression_type=zstd",
                "-c -o cluster_size=512",
                "-c -o extended_l2=on",
                "-o extended_l2=on",
                "-o cluster_size=8k"
            })
    void realisticContentIsReadAsQemuReadsIt(String options) throws Exception {
        byte[] content = new byte[20 << 20];
        Random random = new Random(5);
        for (int at = 0; at < content.length; at += PAGE) {
            switch (random.nextInt(4)) {
                case 0 -> {}
                case 1 -> Arrays.fill(content, at, at + random.nextInt(PAGE), (byte) random.nextInt());
                case 2 -> IntStream.range(at, at + PAGE).forEach(i -> content[i] = (byte) (random.nextInt(16) + 'a'));
                default -> IntStream.range(at, at + PAGE).forEach(i -> content[i] = (byte) random.nextInt());
            }
        }
        Files.write(directory.resolve("content"), content);
        qemu.img("convert -q -f raw -O qcow2 " + options + " content image");
        requireSame("image");
    }

    private void requireSame(String image) throws Exception {
        qemu.img("convert -q -f qcow2 -O raw " + image + " expected");
        byte[] expected = Files.readAllBytes(directory.resolve("expected"));
        try (Qcow2Image read = Qcow2Image.open(directory.resolve(image))) {
            assertThat(read.virtualBytes()).isEqualTo(expected.length);
            byte[] whole = new byte[expected.length + PAGE];
            Arrays.fill(whole, (byte) 7);
            read.read(0, whole, 0, whole.length);
            assertThat(Arrays.mismatch(whole, Arrays.copyOf(expected, whole.length)))
                    .isEqualTo(-1);
            requireSamePages(read, expected);
            requireSameData(read, expected);
        }
    }

    /** In any order, by several threads. */
    private static void requireSamePages(Qcow2Image read, byte[] expected) {
        long wrong = IntStream.range(0, 4)
                .parallel()
                .mapToLong(thread -> new Random(thread)
                        .ints(150, 0, expected.length - PAGE)
                        .filter(position -> !isSame(read, expected, thread == 0 ? position : position & -PAGE))
                        .count())
                .sum();
        assertThat(wrong).isZero();
    }

    private static boolean isSame(Qcow2Image read, byte[] expected, int position) {
        byte[] page = new byte[PAGE];
        try {
            read.read(position, page, 0, PAGE);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return Arrays.equals(page, 0, PAGE, expected, position, position + PAGE);
    }

    /** Whatever is passed over is zeros. */
    private static void requireSameData(Qcow2Image read, byte[] expected) throws IOException {
        byte[] data = new byte[expected.length];
        for (long at = read.nextData(0); at < expected.length; ) {
            int length = (int) Math.min(PAGE, expected.length - at);
            read.read(at, data, (int) at, length);
            long next = at + length;
            at = next >= expected.length ? next : read.nextData(next & -PAGE);
        }
        assertThat(Arrays.mismatch(data, expected)).isEqualTo(-1);
    }

    @Test
    void aHugeEmptyImageIsPassedOverAtOnce() throws Exception {
        qemu.img("create -q -f qcow2 -o cluster_size=2M image 60T");
        qemu.io("image", "qcow2", "write -P 1 40T 4k");
        try (Qcow2Image image = Qcow2Image.open(directory.resolve("image"))) {
            assertThat(image.nextData(0)).isEqualTo(40L << 40);
            assertThat(image.nextData((40L << 40) + (2 << 20))).isEqualTo(60L << 40);
        }
    }

    @Test
    void anOverlayIsRefused() throws Exception {
        qemu.img("create -q -f qcow2 base 1M");
        qemu.img("create -q -f qcow2 -b base -F qcow2 top");
        VmmigException e = catchThrowableOfType(VmmigException.class, () -> Qcow2Image.open(directory.resolve("top")));
        assertThat(e.problem()).isEqualTo(Problem.DISK_UNSUPPORTED);
    }

    /** Whatever is in the tables, reading ends, soon, with content or with a problem. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "compat=1.1",
                "compat=0.10",
                "cluster_size=512",
                "compression_type=zstd",
                "extended_l2=on",
                "cluster_size=2M"
            })
    @Timeout(value = 2, unit = TimeUnit.MINUTES)
    void spoiltTablesDoNoHarm(String options) throws Exception {
        fill("image", options);
        byte[] sound = Files.readAllBytes(directory.resolve("image"));
        Random random = new Random(3);
        byte[] buffer = new byte[1 << 20];
        int refused = 0;
        int read = 0;
        for (int round = 0; round < 40; round++) {
            byte[] spoilt = sound.clone();
            spoil(spoilt, random);
            Path path = Files.write(directory.resolve("spoilt"), spoilt);
            try (Qcow2Image image = Qcow2Image.open(path)) {
                long at = image.nextData(0);
                for (int i = 0; i < 40 && at < image.virtualBytes(); i++) {
                    image.read(at, buffer, 0, buffer.length);
                    at = image.nextData((at & -PAGE) + buffer.length);
                }
                read++;
            } catch (IOException e) {
                assertThat(e).cause().isInstanceOf(VmmigException.class);
                assertThat(((VmmigException) e.getCause()).problem()).isEqualTo(Problem.IMAGE_MALFORMED);
                refused++;
            } catch (VmmigException e) {
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(3);
        assertThat(read).isGreaterThan(3);
    }

    /** Spoils entries of tables: words that are not zero and look as if they led somewhere. */
    private static void spoil(byte[] image, Random random) {
        for (int spoilt = 0, tries = 0; spoilt < 1 + random.nextInt(3) && tries < 100_000; tries++) {
            int at = random.nextInt(image.length / 8) * 8;
            boolean entry = (image[at] & 0x3f) == 0 && image[at + 1] == 0 && image[at + 2] == 0;
            boolean filled = image[at] != 0 || image[at + 5] != 0 || image[at + 6] != 0;
            if (at >= 512 && (!entry || !filled)) {
                continue;
            }
            for (int i = random.nextInt(3); i >= 0; i--) {
                image[at + random.nextInt(8)] = (byte) random.nextInt();
            }
            spoilt++;
        }
    }
}
