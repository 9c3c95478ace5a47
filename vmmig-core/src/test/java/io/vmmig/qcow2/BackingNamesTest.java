// SPDX-License-Identifier: Apache-2.0
package io.vmmig.qcow2;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BackingNamesTest {
    private static final int QCOW = 0x514649fb;

    @TempDir
    private Path temp;

    private Path directory;

    @BeforeEach
    void resolve() throws Exception {
        directory = temp.toRealPath();
    }

    private Path write(ByteBuffer bytes) throws Exception {
        return Files.write(directory.resolve("image"), bytes.array());
    }

    private Path qcow(int version, String backing) throws Exception {
        byte[] name = backing.getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(4096);
        bytes.putInt(QCOW).putInt(version).putLong(512).putInt(name.length);
        bytes.putInt(100, 104);
        bytes.position(512);
        bytes.put(name);
        return write(bytes);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void ofEveryVersionOfQcow(int version) throws Exception {
        assertThat(BackingNames.in(qcow(version, "base"))).containsExactly(directory.resolve("base"));
        assertThat(BackingNames.in(qcow(version, "/elsewhere/base"))).containsExactly(Path.of("/elsewhere/base"));
        assertThat(BackingNames.in(qcow(version, "file:/elsewhere/base"))).containsExactly(Path.of("/elsewhere/base"));
        assertThat(BackingNames.in(qcow(version, "json:{\"file\":{\"driver\":\"file\",\"filename\":\"/a/b\"}}")))
                .containsExactly(Path.of("/a/b"));
        assertThat(BackingNames.in(qcow(version, "nbd://host/disk"))).isEmpty();
    }

    @Test
    void relativeToALinkAndToWhatItLeadsTo() throws Exception {
        Path image = qcow(3, "base");
        Path other = Files.createDirectory(directory.resolve("other"));
        Path link = Files.createSymbolicLink(other.resolve("link"), image);

        assertThat(BackingNames.in(link)).containsExactlyInAnyOrder(other.resolve("base"), directory.resolve("base"));
    }

    @Test
    void aFileWithTheDataOfAnImage() throws Exception {
        byte[] name = "data".getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(4096);
        bytes.putInt(QCOW).putInt(3);
        bytes.putInt(100, 104);
        bytes.position(104);
        bytes.putInt(0x12345678).putInt(3).putLong(0);
        bytes.putInt(0x44415441).putInt(name.length).put(name);

        assertThat(BackingNames.in(write(bytes))).containsExactly(directory.resolve("data"));
    }

    @Test
    void ofQed() throws Exception {
        ByteBuffer bytes = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putInt(0x00444551);
        bytes.putInt(56, 128).putInt(60, 4);
        bytes.position(128);
        bytes.put("base".getBytes(StandardCharsets.UTF_8));

        assertThat(BackingNames.in(write(bytes))).containsExactly(directory.resolve("base"));
    }

    @Test
    void whatIsNoImageNeedsNothing() throws Exception {
        assertThat(BackingNames.in(directory.resolve("nothing"))).isEmpty();
        assertThat(BackingNames.in(directory)).isEmpty();
        assertThat(BackingNames.in(Files.createFile(directory.resolve("empty"))))
                .isEmpty();
        assertThat(BackingNames.in(Files.writeString(directory.resolve("text"), "QFI")))
                .isEmpty();
        Process fifo = new ProcessBuilder("mkfifo", directory.resolve("fifo").toString()).start();
        assertThat(fifo.waitFor()).isZero();
        assertThat(BackingNames.in(directory.resolve("fifo"))).isEmpty();
    }

    /** A guest writes what it likes into a raw disk. */
    @Test
    void garbageIsBounded() throws Exception {
        Random random = new Random(1);
        for (int i = 0; i < 500; i++) {
            byte[] garbage = new byte[300];
            random.nextBytes(garbage);
            ByteBuffer.wrap(garbage).putInt(QCOW).putInt(random.nextInt(4));
            assertThat(BackingNames.in(Files.write(directory.resolve("image"), garbage)))
                    .hasSizeLessThan(100);
        }
    }
}
