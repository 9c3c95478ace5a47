// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import io.vmmig.page.PageHash;
import io.vmmig.page.PageSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The layout of the file of a {@link PageIndex}; all numbers are little-endian.
 *
 * <ol>
 * <li>The header, of one block.
 * <li>The hash of each page, 0 for one that is not indexed. Zeros take no space in the file.
 * <li>The table: for each indexed page, in the slot of its hash or soon after it, the page's number plus one and the last bits of its hash.
 * <li>The {@link PageHash} of each block of the hashes and the table. The header has a hash of all these, and of itself.
 * </ol>
 *
 * @param content the name of the indexed content, at most 512 bytes of UTF-8
 * @param pages the number of its pages
 * @param slots the number of slots of the table
 */
record IndexLayout(String content, long pages, long slots) {
    static final int BLOCK = PageSource.PAGE_BYTES;

    /** The unit in which hashes are written; the hashes of all pages take a multiple of it. */
    static final int WINDOW_BYTES = 64 << 10;

    /** How far after its slot an entry may be, so that crafted hashes cannot slow down lookups. */
    static final int MAX_PROBES = 128;

    /** 16 TiB of content. */
    static final long MAX_PAGES = 1L << 32;

    private static final long MAGIC = 0x78646e67696d6d76L;
    private static final int VERSION = 1;
    private static final int MAX_CONTENT_BYTES = 512;

    private static final int AT_VERSION = 8;
    private static final int AT_PAGES = 16;
    private static final int AT_SLOTS = 24;
    private static final int AT_CHECKSUMS_HASH = 32;
    private static final int AT_CONTENT_LENGTH = 40;
    private static final int AT_CONTENT = 44;
    private static final int AT_HEADER_HASH = BLOCK - Long.BYTES;

    private static final int TAG_BITS = 24;
    private static final int PAGE_BITS = Long.SIZE - TAG_BITS;

    IndexLayout {
        if (pages < 0 || pages > MAX_PAGES) {
            throw new IllegalArgumentException("an index is for at most " + MAX_PAGES + " pages");
        }
        if (content.getBytes(StandardCharsets.UTF_8).length > MAX_CONTENT_BYTES) {
            throw new IllegalArgumentException("what names the content is too long");
        }
    }

    /** Enough slots that at most 60% are full, plus those for the last probes. */
    static long slotsFor(long entries) {
        return entries * 5 / 3 + MAX_PROBES;
    }

    long hashesAt() {
        return BLOCK;
    }

    long tableAt() {
        return hashesAt() + padded(pages * Long.BYTES, WINDOW_BYTES);
    }

    long checksumsAt() {
        return tableAt() + padded(slots * Long.BYTES, BLOCK);
    }

    /** The number of blocks between the header and the checksums. */
    long blocks() {
        return (checksumsAt() - BLOCK) / BLOCK;
    }

    long fileBytes() {
        return checksumsAt() + padded(blocks() * Long.BYTES, BLOCK);
    }

    static long padded(long bytes, int unit) {
        return (bytes + unit - 1) / unit * unit;
    }

    /** The first slot for a page of that hash. */
    long slotOf(long hash) {
        return Math.multiplyHigh(hash >>> 1, slots - MAX_PROBES + 1 << 1);
    }

    static long entry(long hash, long page) {
        return hash << PAGE_BITS | page + 1;
    }

    /** Whether a nonzero entry may be for a page of that hash. */
    static boolean fits(long entry, long hash) {
        return (entry ^ hash << PAGE_BITS) >>> PAGE_BITS == 0;
    }

    static long pageOf(long entry) {
        return (entry & (1L << PAGE_BITS) - 1) - 1;
    }

    byte[] header(long checksumsHash) {
        byte[] name = content.getBytes(StandardCharsets.UTF_8);
        ByteBuffer header = ByteBuffer.allocate(BLOCK).order(ByteOrder.LITTLE_ENDIAN);
        header.putLong(0, MAGIC).putInt(AT_VERSION, VERSION).putLong(AT_PAGES, pages);
        header.putLong(AT_SLOTS, slots).putLong(AT_CHECKSUMS_HASH, checksumsHash);
        header.putInt(AT_CONTENT_LENGTH, name.length).put(AT_CONTENT, name);
        header.putLong(AT_HEADER_HASH, PageHash.of(header.array(), 0));
        return header.array();
    }

    /**
     * Reads a header.
     *
     * @throws IOException if it is not the header of a valid index of that content; the message says why
     */
    static IndexLayout read(byte[] header, String content, long pages) throws IOException {
        ByteBuffer fields = ByteBuffer.wrap(header.clone()).order(ByteOrder.LITTLE_ENDIAN);
        if (fields.getLong(0) != MAGIC || fields.getInt(AT_VERSION) != VERSION) {
            throw new IOException("it is of another version");
        }
        long slots = fields.getLong(AT_SLOTS);
        if (slots < MAX_PROBES || slots > slotsFor(pages)) {
            throw new IOException("its header is damaged");
        }
        IndexLayout layout = new IndexLayout(content, pages, slots);
        if (!Arrays.equals(header, layout.header(checksumsHash(header)))) {
            throw new IOException("its header is damaged, or it is for other content");
        }
        return layout;
    }

    /** The hash of all checksums in a header. */
    static long checksumsHash(byte[] header) {
        return ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN).getLong(AT_CHECKSUMS_HASH);
    }

    /** Extends a hash of several blocks by one more block. */
    static long chained(long before, byte[] blocks, int offset) {
        return Long.rotateLeft(before, 1) * 0x9E3779B185EBCA87L ^ PageHash.of(blocks, offset);
    }
}
