// SPDX-License-Identifier: Apache-2.0
package io.vmmig.libvirt.posix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageLockTest {
    private static final int F_OFD_SETLK = 37;
    private static final short F_RDLCK = 0;

    @TempDir
    private Path directory;

    /** As QEMU does it: a shared lock on the byte of the permission, by the open file, not by the process. */
    private static void lock(int fd, long at) {
        try (Memory lock = new Memory(32)) {
            lock.clear();
            lock.setShort(0, F_RDLCK);
            lock.setLong(8, at);
            lock.setLong(16, 1);
            assertThat(LibC.fcntl(fd, F_OFD_SETLK, Pointer.nativeValue(lock))).isZero();
        }
    }

    @Test
    void onlyTheLockOfAWriterCounts() throws Exception {
        Path image = Files.write(directory.resolve("image"), new byte[512]);
        int fd = LibC.open(image.toString(), LibC.O_RDWR | LibC.O_CLOEXEC, 0);
        try {
            assertThat(ImageLock.isWriter(image)).isFalse();
            lock(fd, 100);
            lock(fd, 201);
            assertThat(ImageLock.isWriter(image)).as("a reader").isFalse();
            lock(fd, 101);
            assertThat(ImageLock.isWriter(image)).isTrue();
        } finally {
            LibC.close(fd);
        }
        assertThat(ImageLock.isWriter(image))
                .as("its locks end with the open file")
                .isFalse();
    }

    @Test
    void aFileThatIsNotThereIsAnError() {
        assertThatThrownBy(() -> ImageLock.isWriter(directory.resolve("nothing")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("nothing");
    }
}
