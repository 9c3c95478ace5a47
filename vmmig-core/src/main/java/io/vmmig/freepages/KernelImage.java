// SPDX-License-Identifier: Apache-2.0
package io.vmmig.freepages;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongPredicate;

/**
 * The variables of a kernel, which lie in one stretch of physical memory with the rest of its image. Read at one moment; can
 * be read again at another.
 */
final class KernelImage {
    private static final int MAX_BYTES = 96 << 20;
    private static final int MAX_PIECES = 256;
    /** The longest image there is, and a hole that is longer than any within. */
    private static final long MAX_SPAN = 128L << 20;

    private static final long MAX_HOLE = 32L << 20;

    private record Piece(long physical, int offset, int bytes) {
        Piece joined(long more) {
            return new Piece(physical, offset, (int) (bytes + more));
        }
    }

    private final List<Piece> pieces;
    private final byte[] bytes;

    private KernelImage(List<Piece> pieces, byte[] bytes) {
        this.pieces = pieces;
        this.bytes = bytes;
    }

    /** Reads what is writable of the image that is the first thing mapped from {@code from} on. */
    static KernelImage read(PageTables tables, long from, long span) throws Doubt {
        List<Piece> pieces = new ArrayList<>();
        long end = from + span;
        long linear = 0;
        boolean begun = false;
        int total = 0;
        for (long at = from; at != end && end - at > 0; ) {
            PageTables.Mapping mapping = tables.lookUp(at);
            long length = Math.min(mapping.bytes(), end - at);
            if (!mapping.present()) {
                if (begun && length > MAX_HOLE) {
                    break;
                }
            } else {
                if (!begun) {
                    begun = true;
                    linear = at - mapping.physical();
                    end = end - at > MAX_SPAN ? at + MAX_SPAN : end;
                    length = Math.min(mapping.bytes(), end - at);
                }
                if (mapping.writable()
                        && at - mapping.physical() == linear
                        && tables.ram().holds(mapping.physical(), length)) {
                    total = Math.addExact(total, Math.toIntExact(length));
                    add(pieces, mapping.physical(), length);
                    if (total > MAX_BYTES || pieces.size() > MAX_PIECES) {
                        throw new Doubt("its kernel has more variables than any known one");
                    }
                }
            }
            at += length;
        }
        return new KernelImage(pieces, read(tables.ram(), pieces, total));
    }

    private static void add(List<Piece> pieces, long physical, long length) {
        if (pieces.isEmpty()) {
            pieces.add(new Piece(physical, 0, (int) length));
            return;
        }
        Piece last = pieces.get(pieces.size() - 1);
        if (last.physical() + last.bytes() == physical) {
            pieces.set(pieces.size() - 1, last.joined(length));
        } else {
            pieces.add(new Piece(physical, last.offset() + last.bytes(), (int) length));
        }
    }

    private static byte[] read(GuestRam ram, List<Piece> pieces, int total) throws Doubt {
        byte[] bytes = new byte[total];
        for (Piece piece : pieces) {
            ram.read(piece.physical(), bytes, piece.offset(), piece.bytes());
        }
        return bytes;
    }

    /** The same variables at another moment. */
    KernelImage again(GuestRam ram) throws Doubt {
        return new KernelImage(pieces, read(ram, pieces, bytes.length));
    }

    boolean isEmpty() {
        return bytes.length == 0;
    }

    /** The variables as numbers, one after the other. */
    int longs() {
        return bytes.length / Long.BYTES;
    }

    long get(int index) {
        return (long) GuestRam.LONG.get(bytes, index * Long.BYTES);
    }

    boolean holds(long value) {
        int longs = longs();
        for (int i = 0; i < longs; i++) {
            if (get(i) == value) {
                return true;
            }
        }
        return false;
    }

    /** The physical addresses of pages in which the number at an offset is as described. */
    List<Long> pagesWhere(int offset, LongPredicate number) {
        List<Long> found = new ArrayList<>();
        for (Piece piece : pieces) {
            for (int at = 0; at + RamLayout.PAGE_BYTES <= piece.bytes(); at += RamLayout.PAGE_BYTES) {
                if (number.test((long) GuestRam.LONG.get(bytes, piece.offset() + at + offset))) {
                    found.add(piece.physical() + at);
                }
            }
        }
        return found;
    }
}
