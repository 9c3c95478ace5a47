// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import io.vmmig.sparse.BlockInput;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PushbackInputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Unpacks kernels and ramdisks according to {@link PageLayout#BOOT_1} and {@link PageLayout#BOOT_2}. For one thread. */
final class BootContent {
    /** The limit for the unpacked content of one file. */
    static final long MAX_UNPACKED_BYTES = 1 << 30;

    private static final int BUFFER_BYTES = 256 << 10;

    /** Each costs memory and time, even if it is small. */
    private static final int MAX_COMPRESSED_PARTS = 64;

    /** The setup header of an x86 kernel, see Linux' Documentation/arch/x86/boot.rst. */
    private static final int SETUP_SECTORS = 0x1f1;

    private static final int SETUP_MAGIC = 0x202;
    private static final int SETUP_MAGIC_VALUE = 0x53726448;
    private static final int SETUP_VERSION = 0x206;
    private static final int FIRST_VERSION_WITH_PAYLOAD = 0x208;
    private static final int PAYLOAD_OFFSET = 0x248;
    private static final int PAYLOAD_LENGTH = 0x24c;
    private static final int SETUP_BYTES = 0x250;
    private static final int SECTOR = 512;

    /** The header of an EFI zboot image, see Linux' drivers/firmware/efi/libstub/zboot-header.S. */
    private static final short ZBOOT_DOS_MAGIC = 0x5a4d;

    private static final int ZBOOT_MAGIC = 4;
    private static final int ZBOOT_MAGIC_VALUE = 0x676d697a;
    private static final int ZBOOT_PAYLOAD_OFFSET = 8;
    private static final int ZBOOT_PAYLOAD_LENGTH = 12;

    private static final int CPIO_HEADER_BYTES = 110;
    private static final byte[] CPIO_MAGIC = {'0', '7', '0', '7', '0'};
    private static final int CPIO_MAGIC_BYTES = 6;
    private static final int CPIO_MODE = 1;
    private static final int CPIO_FILE_SIZE = 6;
    private static final int CPIO_NAME_SIZE = 11;
    private static final int MAX_NAME_BYTES = 4096;
    private static final int MODE_TYPE = 0xf000;
    private static final int MODE_REGULAR = 0x8000;
    private static final int ALIGNMENT = 4;

    /** Receives the pieces. */
    interface Sink {
        /** Takes up to {@code bytes} bytes of {@code in}, starting at the beginning of a page. */
        void take(InputStream in, long bytes) throws IOException;
    }

    private final Path file;
    private final Sink sink;
    private final PageLayout layout;
    private final boolean first;
    private Unpacking unpacking;
    private int compressedParts;

    private BootContent(Path file, PageLayout layout, Sink sink) {
        this.file = file;
        this.sink = sink;
        this.layout = layout;
        this.first = layout == PageLayout.BOOT_1;
        this.unpacking = new Unpacking(layout, MAX_UNPACKED_BYTES);
    }

    /**
     * Unpacks a file.
     *
     * @throws IOException if it cannot be unpacked to its end, or the sink fails
     */
    static void takeApart(Path file, PageLayout layout, Sink sink) throws IOException {
        new BootContent(file, layout, sink).takeApart();
    }

    private void takeApart() throws IOException {
        try (PushbackInputStream in = open(file)) {
            if (first ? takeArchivesFirst(in) : takeParts(in)) {
                return;
            }
        }
        unpacking = new Unpacking(layout, MAX_UNPACKED_BYTES);
        takeWhole(file, sink);
        try (PushbackInputStream in = open(file);
                InputStream unpacked = unpacking.of(in)) {
            if (unpacked != null) {
                sink.take(unpacked, Long.MAX_VALUE);
                return;
            }
        }
        takePayload();
    }

    /** Whether a file looks like a kernel or a ramdisk that can be unpacked. */
    static boolean recognises(Path file) throws IOException {
        try (PushbackInputStream in = open(file)) {
            byte[] start = peek(in, SETUP_BYTES);
            return Unpacking.recognises(start) || isArchive(start) || payload(start, false) != null;
        }
    }

    /** The position of the payload in a kernel. */
    private record Payload(long offset, long length, boolean sizeBehind) {}

    private static @Nullable Payload payload(byte[] start, boolean first) {
        if (start.length < SETUP_BYTES) {
            return null;
        }
        ByteBuffer fields = ByteBuffer.wrap(start).order(ByteOrder.LITTLE_ENDIAN);
        if (fields.getInt(SETUP_MAGIC) == SETUP_MAGIC_VALUE
                && Short.toUnsignedInt(fields.getShort(SETUP_VERSION)) >= FIRST_VERSION_WITH_PAYLOAD) {
            long offset = ((start[SETUP_SECTORS] & 0xffL) + 1) * SECTOR
                    + Integer.toUnsignedLong(fields.getInt(PAYLOAD_OFFSET));
            return new Payload(offset, Integer.toUnsignedLong(fields.getInt(PAYLOAD_LENGTH)), true);
        }
        if (!first && fields.getShort(0) == ZBOOT_DOS_MAGIC && fields.getInt(ZBOOT_MAGIC) == ZBOOT_MAGIC_VALUE) {
            return new Payload(
                    Integer.toUnsignedLong(fields.getInt(ZBOOT_PAYLOAD_OFFSET)),
                    Integer.toUnsignedLong(fields.getInt(ZBOOT_PAYLOAD_LENGTH)),
                    false);
        }
        return null;
    }

    /** Takes the whole file unchanged. */
    static void takeWhole(Path file, Sink sink) throws IOException {
        try (InputStream in = open(file)) {
            sink.take(in, Long.MAX_VALUE);
        }
    }

    private void takePayload() throws IOException {
        try (PushbackInputStream in = open(file)) {
            Payload payload = payload(peek(in, SETUP_BYTES), first);
            if (payload == null) {
                return;
            }
            in.skipNBytes(payload.offset());
            boolean sizeBehind = payload.sizeBehind() && Unpacking.hasSizeBehind(peek(in, Unpacking.MAGIC_BYTES));
            PushbackInputStream limited = ahead(new Limited(in, payload.length() - (sizeBehind ? Integer.BYTES : 0)));
            try (InputStream unpacked = unpacking.of(limited)) {
                if (unpacked != null) {
                    sink.take(unpacked, Long.MAX_VALUE);
                }
            }
        }
    }

    /** Takes archives, the last of which may be compressed; returns whether there are any. */
    private boolean takeArchivesFirst(PushbackInputStream in) throws IOException {
        if (takeArchives(in)) {
            try (InputStream unpacked = unpacking.of(in)) {
                if (unpacked != null) {
                    takeArchives(ahead(unpacked));
                }
            }
            return true;
        }
        try (InputStream unpacked = unpacking.of(in)) {
            if (unpacked == null) {
                return false;
            }
            PushbackInputStream inner = ahead(unpacked);
            return isArchive(peek(inner, CPIO_MAGIC_BYTES)) && takeArchivesFirst(inner);
        }
    }

    /** Takes consecutive archives, compressed or not; returns whether there are any. */
    private boolean takeParts(PushbackInputStream in) throws IOException {
        boolean any = takeArchives(in);
        while (true) {
            try (InputStream unpacked = unpacking.of(in)) {
                if (unpacked == null) {
                    return any;
                }
                if (++compressedParts > MAX_COMPRESSED_PARTS) {
                    throw new IOException("more than " + MAX_COMPRESSED_PARTS + " compressed parts");
                }
                PushbackInputStream inner = ahead(unpacked);
                if (!takeArchives(inner) && !any) {
                    return false;
                }
                any = true;
                inner.transferTo(OutputStream.nullOutputStream());
            }
            skipZeros(in);
            takeArchives(in);
        }
    }

    /** Takes consecutive archives; returns whether there are any. */
    private boolean takeArchives(PushbackInputStream in) throws IOException {
        boolean any = false;
        while (takeArchive(in)) {
            any = true;
            skipZeros(in);
        }
        return any;
    }

    /** Takes the archive that begins here; returns whether there is one. */
    private boolean takeArchive(PushbackInputStream in) throws IOException {
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
                && Arrays.equals(CPIO_MAGIC, 0, CPIO_MAGIC.length, start, 0, CPIO_MAGIC.length)
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

    private static void skipZeros(PushbackInputStream in) throws IOException {
        int c;
        do {
            c = in.read();
        } while (c == 0);
        if (c > 0) {
            in.unread(c);
        }
    }

    private static PushbackInputStream open(Path file) throws IOException {
        return ahead(Files.newInputStream(file));
    }

    private static PushbackInputStream ahead(InputStream in) {
        return new PushbackInputStream(new BufferedInputStream(in, BUFFER_BYTES), Unpacking.BUFFER_BYTES);
    }

    private static byte[] peek(PushbackInputStream in, int bytes) throws IOException {
        byte[] start = in.readNBytes(bytes);
        in.unread(start);
        return start;
    }

    /** A prefix of a stream, which stays open. */
    private static final class Limited extends BlockInput {
        private final InputStream in;
        private long left;

        Limited(InputStream in, long bytes) {
            this.in = in;
            this.left = bytes;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            int n = left <= 0 ? -1 : in.read(buffer, offset, (int) Math.min(length, left));
            left -= Math.max(n, 0);
            return n;
        }
    }
}
