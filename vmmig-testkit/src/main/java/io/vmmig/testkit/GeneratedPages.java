// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The memory of a made-up guest, page by page. What a page holds is worked out from its number, so that nothing is kept and
 * a page can equal any earlier one.
 */
final class GeneratedPages {
    static final int PAGE = 4096;

    /** Pages come in groups, most of which hold nothing, as in a real guest. */
    private static final int GROUP = 16;

    private static final int CHANCES = 1 << 16;
    private static final int EMPTY_GROUPS = CHANCES / 2;
    private static final int TEXT_BYTES = 1 << 18;
    private static final int NEAR = 1000;
    private static final int TRIES = 8;

    /** What a page of a group that is not empty may be, each with the chance in percent. */
    enum Kind {
        ZERO(8),
        FILLED(2),
        TEXT(28),
        POINTERS(27),
        RANDOM(18),
        NEAR_DUPLICATE(7),
        FAR_DUPLICATE(10);

        private final int percent;

        Kind(int percent) {
            this.percent = percent;
        }

        boolean repeatsOneByte() {
            return this == ZERO || this == FILLED;
        }

        private boolean duplicates() {
            return this == NEAR_DUPLICATE || this == FAR_DUPLICATE;
        }

        private static Kind of(long bits) {
            int chance = (int) Long.remainderUnsigned(bits, 100);
            for (Kind kind : values()) {
                chance -= kind.percent;
                if (chance < 0) {
                    return kind;
                }
            }
            return RANDOM;
        }
    }

    private final long seed;
    private final byte[] text;

    GeneratedPages(long seed) {
        this.seed = seed;
        this.text = text(seed);
    }

    private static byte[] text(long seed) {
        StringBuilder words = new StringBuilder(TEXT_BYTES + 16);
        Bits bits = new Bits(seed);
        while (words.length() < TEXT_BYTES) {
            // One of 4096 words of three to ten letters, the same each time.
            Bits letters = new Bits(bits.next() >>> 52);
            int length = 3 + (int) (letters.next() >>> 61);
            for (int i = 0; i < length; i++) {
                words.append((char) ('a' + (letters.next() >>> 33) % 26));
            }
            words.append((bits.next() & 15) == 0 ? '\n' : ' ');
        }
        return words.substring(0, TEXT_BYTES).getBytes(StandardCharsets.US_ASCII);
    }

    Kind kind(long page) {
        long group = Bits.mix(seed ^ Bits.mix(page / GROUP));
        return (group & (CHANCES - 1)) < EMPTY_GROUPS ? Kind.ZERO : Kind.of(Bits.mix(seed + page) >>> 8);
    }

    /** The byte that a page repeats which {@link Kind#repeatsOneByte()}. */
    byte fill(long page) {
        return kind(page) == Kind.ZERO ? 0 : (byte) (1 + (Bits.mix(seed - page) & 1) * 0xfe);
    }

    /** Writes what a page holds. */
    void write(long page, ByteBuffer out) {
        long shown = resolve(page);
        writeContent(shown, seed ^ Bits.mix(shown), out);
    }

    /** The page whose content a page shows: itself, unless it is a duplicate. */
    private long resolve(long page) {
        Kind kind = kind(page);
        if (!kind.duplicates() || page == 0) {
            return page;
        }
        long range = kind == Kind.NEAR_DUPLICATE ? Math.min(page, NEAR) : page;
        Bits bits = new Bits(seed ^ ~page);
        for (int i = 0; i < TRIES; i++) {
            long other = page - 1 - Long.remainderUnsigned(bits.next(), range);
            if (!kind(other).duplicates() && !kind(other).repeatsOneByte()) {
                return other;
            }
        }
        return page;
    }

    private void writeContent(long page, long key, ByteBuffer out) {
        Bits bits = new Bits(key);
        switch (kind(page)) {
            case ZERO, FILLED -> fill(out, fill(page));
            case TEXT -> writeText(bits, out);
            case POINTERS -> writePointers(bits, out);
            case RANDOM, NEAR_DUPLICATE, FAR_DUPLICATE -> writeRandom(bits, out);
        }
    }

    private static void fill(ByteBuffer out, byte value) {
        int start = out.arrayOffset() + out.position();
        Arrays.fill(out.array(), start, start + PAGE, value);
        out.position(out.position() + PAGE);
    }

    private void writeText(Bits bits, ByteBuffer out) {
        int left = PAGE;
        while (left > 0) {
            long choice = bits.next();
            int length = Math.min(left, 24 + (int) (choice & 127));
            int from = (int) ((choice >>> 8) % (TEXT_BYTES - length));
            out.put(text, from, length);
            left -= length;
        }
    }

    /** Kernel structures, more or less: pointers, small numbers and nothing. */
    private static void writePointers(Bits bits, ByteBuffer out) {
        ByteOrder order = out.order();
        out.order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < PAGE / (4 * Long.BYTES); i++) {
            long choice = bits.next();
            out.putLong(0xffff_8880_0000_0000L | (choice & 0x1fff_ffc0L));
            out.putLong(0);
            out.putLong((choice >>> 32) & 0xff);
            out.putLong(choice < 0 ? choice >>> 40 : 0);
        }
        out.order(order);
    }

    private static void writeRandom(Bits bits, ByteBuffer out) {
        for (int i = 0; i < PAGE / Long.BYTES; i++) {
            out.putLong(bits.next());
        }
    }

    /** SplitMix64: the same bits from the same key, on every JDK. */
    private static final class Bits {
        private long state;

        Bits(long key) {
            state = key;
        }

        long next() {
            state += 0x9e37_79b9_7f4a_7c15L;
            return mix(state);
        }

        static long mix(long z) {
            z = (z ^ (z >>> 30)) * 0xbf58_476d_1ce4_e5b9L;
            z = (z ^ (z >>> 27)) * 0x94d0_49bb_1331_11ebL;
            return z ^ (z >>> 31);
        }
    }
}
