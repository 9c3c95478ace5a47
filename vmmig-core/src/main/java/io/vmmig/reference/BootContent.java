// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Takes kernels and ramdisks apart, as {@link PageLayout#BOOT_1} says. */
final class BootContent {
    private static final int BUFFER_BYTES = 256 << 10;

    /** Where an x86 kernel has its setup header, by Linux' Documentation/arch/x86/boot.rst. */
    private static final int SETUP_SECTORS = 0x1f1;

    private static final int SETUP_MAGIC = 0x202;
    private static final int SETUP_MAGIC_VALUE = 0x53726448;
    private static final int SETUP_VERSION = 0x206;
    private static final int FIRST_VERSION_WITH_PAYLOAD = 0x208;
    private static final int PAYLOAD_OFFSET = 0x248;
    private static final int PAYLOAD_LENGTH = 0x24c;
    private static final int SETUP_BYTES = 0x250;
    private static final int SECTOR = 512;

    private static final int CPIO_HEADER_BYTES = 110;
    private static final int CPIO_MAGIC_BYTES = 6;
    private static final int CPIO_MODE = 1;
    private static final int CPIO_FILE_SIZE = 6;
    private static final int CPIO_NAME_SIZE = 11;
    private static final int MAX_NAME_BYTES = 4096;
    private static final int MODE_TYPE = 0xf000;
    private static final int MODE_REGULAR = 0x8000;
    private static final int ALIGNMENT = 4;

    /** Where the pieces go. */
    interface Sink {
        /** Takes the next {@code bytes} bytes of {@code in}, or all of them if they are fewer, from the beginning of a page. */
        void take(InputStream in, long bytes) throws IOException;
    }

    private BootContent() {}

    /**
     * Takes a file apart.
     *
     * @throws IOException if it cannot be taken apart to its end, or the sink fails
     */
    static void takeApart(Path file, Sink sink) throws IOException {
        try (InputStream in = open(file)) {
            if (isArchive(peek(in, CPIO_MAGIC_BYTES))) {
                takeArchives(in, sink);
                return;
            }
            try (InputStream unpacked = Unpacking.of(peek(in, Unpacking.MAGIC_BYTES), in)) {
                if (unpacked != null) {
                    takeUnpacked(file, buffered(unpacked), sink);
                    return;
                }
            }
        }
        takeWhole(file, sink);
        takePayload(file, sink);
    }

    /** Whether a file looks like a kernel or a ramdisk that can be taken apart. */
    static boolean recognises(Path file) throws IOException {
        try (InputStream in = open(file)) {
            byte[] start = peek(in, SETUP_BYTES);
            try (InputStream unpacked = Unpacking.of(peek(in, Unpacking.MAGIC_BYTES), in)) {
                return unpacked != null || isArchive(start) || isX86Kernel(start);
            }
        }
    }

    private static boolean isX86Kernel(byte[] setup) {
        ByteBuffer fields = ByteBuffer.wrap(setup).order(ByteOrder.LITTLE_ENDIAN);
        return setup.length >= SETUP_BYTES
                && fields.getInt(SETUP_MAGIC) == SETUP_MAGIC_VALUE
                && fields.getShort(SETUP_VERSION) >= FIRST_VERSION_WITH_PAYLOAD;
    }

    /** The file as it is. */
    static void takeWhole(Path file, Sink sink) throws IOException {
        try (InputStream in = open(file)) {
            sink.take(in, Long.MAX_VALUE);
        }
    }

    private static void takeUnpacked(Path file, InputStream unpacked, Sink sink) throws IOException {
        if (isArchive(peek(unpacked, CPIO_MAGIC_BYTES))) {
            takeArchives(unpacked, sink);
        } else {
            takeWhole(file, sink);
            sink.take(unpacked, Long.MAX_VALUE);
        }
    }

    private static void takePayload(Path file, Sink sink) throws IOException {
        try (InputStream in = open(file)) {
            byte[] setup = peek(in, SETUP_BYTES);
            if (!isX86Kernel(setup)) {
                return;
            }
            ByteBuffer fields = ByteBuffer.wrap(setup).order(ByteOrder.LITTLE_ENDIAN);
            long offset = ((setup[SETUP_SECTORS] & 0xffL) + 1) * SECTOR
                    + Integer.toUnsignedLong(fields.getInt(PAYLOAD_OFFSET));
            in.skipNBytes(offset);
            byte[] magic = peek(in, Unpacking.MAGIC_BYTES);
            long length = Integer.toUnsignedLong(fields.getInt(PAYLOAD_LENGTH))
                    - (Unpacking.hasSizeBehind(magic) ? Integer.BYTES : 0);
            try (InputStream payload = Unpacking.of(magic, new Limited(in, length))) {
                if (payload != null) {
                    sink.take(payload, Long.MAX_VALUE);
                }
            }
        }
    }

    private static void takeArchives(InputStream in, Sink sink) throws IOException {
        while (takeArchive(in, sink)) {
            skipZeros(in);
        }
        try (InputStream unpacked = Unpacking.of(peek(in, Unpacking.MAGIC_BYTES), in)) {
            if (unpacked != null) {
                InputStream inner = buffered(unpacked);
                while (takeArchive(inner, sink)) {
                    skipZeros(inner);
                }
            }
        }
    }

    /** Takes the archive that begins here, and says whether there is one. */
    private static boolean takeArchive(InputStream in, Sink sink) throws IOException {
        if (!isArchive(peek(in, CPIO_MAGIC_BYTES))) {
            return false;
        }
        while (true) {
            byte[] header = in.readNBytes(CPIO_HEADER_BYTES);
            if (header.length < CPIO_HEADER_BYTES || !isArchive(header)) {
                throw new IOException("malformed cpio header");
            }
            long nameBytes = field(header, CPIO_NAME_SIZE);
            long fileBytes = field(header, CPIO_FILE_SIZE);
            if (nameBytes == 0 || nameBytes > MAX_NAME_BYTES) {
                throw new IOException("malformed cpio name");
            }
            byte[] name = in.readNBytes((int) nameBytes);
            in.skipNBytes(paddingOf(CPIO_HEADER_BYTES + nameBytes));
            if (new String(name, StandardCharsets.ISO_8859_1).equals("TRAILER!!!\0")) {
                return true;
            }
            if ((field(header, CPIO_MODE) & MODE_TYPE) == MODE_REGULAR && fileBytes > 0) {
                sink.take(in, fileBytes);
            } else {
                in.skipNBytes(fileBytes);
            }
            in.skipNBytes(paddingOf(fileBytes));
        }
    }

    private static long paddingOf(long bytes) {
        return -bytes & ALIGNMENT - 1;
    }

    private static boolean isArchive(byte[] start) {
        return start.length >= CPIO_MAGIC_BYTES
                && start[0] == '0'
                && start[1] == '7'
                && start[2] == '0'
                && start[3] == '7'
                && start[4] == '0'
                && (start[5] == '1' || start[5] == '2');
    }

    private static long field(byte[] header, int index) throws IOException {
        long value = 0;
        for (int i = 0; i < 8; i++) {
            int digit = Character.digit((char) header[CPIO_MAGIC_BYTES + 8 * index + i], 16);
            if (digit < 0) {
                throw new IOException("malformed cpio number");
            }
            value = value << 4 | digit;
        }
        return value;
    }

    private static void skipZeros(InputStream in) throws IOException {
        int c;
        do {
            in.mark(1);
            c = in.read();
        } while (c == 0);
        if (c > 0) {
            in.reset();
        }
    }

    private static InputStream open(Path file) throws IOException {
        return buffered(Files.newInputStream(file));
    }

    private static InputStream buffered(InputStream in) {
        return new BufferedInputStream(in, BUFFER_BYTES);
    }

    private static byte[] peek(InputStream in, int bytes) throws IOException {
        in.mark(bytes);
        byte[] start = in.readNBytes(bytes);
        in.reset();
        return start;
    }

    /** The first bytes of a stream, which it leaves open. */
    private static final class Limited extends InputStream {
        private final InputStream in;
        private long left;

        Limited(InputStream in, long bytes) {
            this.in = in;
            this.left = bytes;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            int n = left <= 0 ? -1 : in.read(buffer, offset, (int) Math.min(length, left));
            left -= Math.max(n, 0);
            return n;
        }
    }
}
