// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit.hostile;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;

/**
 * A package put together by hand, after {@code docs/package-format.md} and without any code of vmmig's, so that each byte of
 * it can be another one. Whatever is changed, the seal is made of what there is, unless it is that which is changed.
 */
final class HandMadePackage {
    private static final int BLOCK = 512;
    private static final int RECORD = 10240;

    /** An entry; {@code header} is 512 bytes, {@code decoded} what the content unpacks to. */
    static final class Entry {
        String name;
        byte[] stored;
        byte[] decoded;
        byte[] header;

        Entry(String name, byte[] stored, byte[] decoded) {
            this.name = name;
            this.stored = stored;
            this.decoded = decoded;
            this.header = header(name, stored.length, '0');
        }

        void store(byte[] bytes) {
            stored = bytes;
            header = header(name, bytes.length, '0');
        }
    }

    final List<Entry> entries = new ArrayList<>();

    /** A plain entry. */
    HandMadePackage plain(String name, byte[] content) {
        entries.add(new Entry(name, content, content));
        return this;
    }

    HandMadePackage plain(String name, String content) {
        return plain(name, content.getBytes(StandardCharsets.UTF_8));
    }

    /** One segment of a kernel or a ramdisk. */
    HandMadePackage segment(String name, byte[] content) {
        entries.add(new Entry(name, ZstdFrames.of(content), content));
        return this;
    }

    /** As {@link #segment}, before another entry. */
    void segmentBefore(String other, String name, byte[] content) {
        entries.add(entries.indexOf(entry(other)), new Entry(name, ZstdFrames.of(content), content));
    }

    /** One segment of a disk or of the snapshot. */
    HandMadePackage pages(String name, byte[] content) {
        entries.add(new Entry(name, ZstdFrames.of(opaque(content)), content));
        return this;
    }

    Entry entry(String name) {
        return entries.stream()
                .filter(entry -> entry.name.equals(name))
                .findFirst()
                .orElseThrow();
    }

    int indexOf(String name) {
        return entries.indexOf(entry(name));
    }

    /** The body of a segment that carries its content as it is. */
    static byte[] opaque(byte[] content) {
        ByteArrayOutputStream instructions = new ByteArrayOutputStream();
        instructions.write(0);
        number(instructions, content.length);
        return body(instructions.toByteArray(), content);
    }

    /** A body of instructions and data. */
    static byte[] body(byte[] instructions, byte[] data) {
        return ByteBuffer.allocate(4 + instructions.length + data.length)
                .order(java.nio.ByteOrder.LITTLE_ENDIAN)
                .putInt(instructions.length)
                .put(instructions)
                .put(data)
                .array();
    }

    static void number(ByteArrayOutputStream out, long value) {
        long rest = value;
        for (; (rest & ~0x7fL) != 0; rest >>>= 7) {
            out.write((int) (rest & 0x7f | 0x80));
        }
        out.write((int) rest);
    }

    /** Puts the seal of what is there at the end. */
    HandMadePackage sealed() {
        entries.removeIf(entry -> entry.name.equals("seal.json"));
        List<String> contents = new ArrayList<>();
        for (int i = 0; i < entries.size(); ) {
            String folder = folder(entries.get(i).name);
            int end = i + 1;
            while (!folder.isEmpty()
                    && end < entries.size()
                    && folder(entries.get(end).name).equals(folder)) {
                end++;
            }
            contents.add(sealed(entries.subList(i, end), folder));
            i = end;
        }
        return plain("seal.json", "{\"vmmig\":1,\"contents\":[" + String.join(",", contents) + "]}\n");
    }

    private static String folder(String name) {
        return name.substring(0, Math.max(0, name.lastIndexOf('/')));
    }

    private static String sealed(List<Entry> of, String folder) {
        boolean pages = folder.startsWith("disks/") || folder.equals("precopy") || folder.equals("snapshot");
        ByteArrayOutputStream decoded = new ByteArrayOutputStream();
        ByteArrayOutputStream digests = new ByteArrayOutputStream();
        ByteArrayOutputStream stored = new ByteArrayOutputStream();
        for (Entry entry : of) {
            decoded.writeBytes(entry.decoded);
            digests.writeBytes(sha256(entry.decoded));
            stored.writeBytes(entry.stored);
        }
        return String.format(
                Locale.ROOT,
                "{\"name\":\"%s\",\"encoding\":\"%s\",\"segments\":%d,\"digest\":\"%s\",\"bytes\":%d,"
                        + "\"stored\":{\"digest\":\"%s\",\"bytes\":%d}}",
                folder.isEmpty() ? of.get(0).name : folder,
                folder.isEmpty() ? "plain" : pages ? "pages" : "zstd",
                folder.isEmpty() ? 0 : of.size(),
                digest(pages ? digests.toByteArray() : decoded.toByteArray()),
                decoded.size(),
                digest(stored.toByteArray()),
                stored.size());
    }

    static String digest(byte[] bytes) {
        return "sha256:" + HexFormat.of().formatHex(sha256(bytes));
    }

    private static byte[] sha256(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }

    /** The whole package. */
    byte[] bytes() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (Entry entry : entries) {
            out.writeBytes(entry.header);
            out.writeBytes(entry.stored);
            out.writeBytes(new byte[-entry.stored.length & (BLOCK - 1)]);
        }
        int whole = out.size() + 2 * BLOCK;
        out.writeBytes(new byte[(whole + RECORD - 1) / RECORD * RECORD - out.size()]);
        return out.toByteArray();
    }

    /** The one header that an entry of that name and size has, but for its type. */
    static byte[] header(String name, long size, char type) {
        byte[] header = new byte[BLOCK];
        byte[] encoded = name.getBytes(StandardCharsets.UTF_8);
        System.arraycopy(encoded, 0, header, 0, Math.min(100, encoded.length));
        put(header, 100, "0000600\0" + "0000000\0" + "0000000\0");
        put(header, 124, String.format(Locale.ROOT, "%011o", size) + "\0" + "00000000000\0");
        header[156] = (byte) type;
        put(header, 257, "ustar\0" + "00");
        put(header, 329, "0000000\0" + "0000000\0");
        return summed(header);
    }

    static void put(byte[] header, int at, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        System.arraycopy(bytes, 0, header, at, bytes.length);
    }

    /** With the checksum that belongs to it. */
    static byte[] summed(byte[] header) {
        Arrays.fill(header, 148, 156, (byte) ' ');
        int sum = 0;
        for (byte b : header) {
            sum += b & 0xff;
        }
        put(header, 148, String.format(Locale.ROOT, "%06o", sum) + "\0 ");
        return header;
    }
}
