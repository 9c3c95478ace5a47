// SPDX-License-Identifier: Apache-2.0
package io.vmmig.freepages;

import io.vmmig.snapshot.HeapBudget;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongPredicate;

/**
 * The variables of a kernel, which are contiguous in physical memory with the rest of its image. A snapshot, which can be read
 * again later.
 */
final class KernelImage {
    private static final int MAX_BYTES = 96 << 20;
    private static final int MAX_PIECES = 256;
    /** The maximum length of an image, and of a hole within it. */
    private static final long MAX_SPAN = 128L << 20;

    private static final long MAX_HOLE = 32L << 20;
    private static final long MAX_READ_ALONG = 256 << 10;
    private static final int STRETCH = 1 << 20;

    private record Piece(long physical, int offset, int bytes) {
        long end() {
            return physical + bytes;
        }
    }

    private final List<Piece> pieces;
    private final byte[] bytes;

    private KernelImage(List<Piece> pieces, byte[] bytes) {
        this.pieces = pieces;
        this.bytes = bytes;
    }

    /** Reads the writable parts of the image, which is the first mapping at or after {@code from}. */
    static KernelImage read(PageTables tables, long from, long span) throws Doubt {
        List<Piece> pieces = new ArrayList<>();
        long end = from + span;
        long linear = 0;
        boolean begun = false;
        int total = 0;
        long heapBytes = HeapBudget.ofThisProgram().searchBytes();
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
                    if (total > heapBytes) {
                        throw new Doubt("this program's heap is too small to read the guest's kernel");
                    }
                }
            }
            at += length;
        }
        return new KernelImage(pieces, read(tables.ram(), pieces, total));
    }

    private static void add(List<Piece> pieces, long physical, long length) {
        Piece last = pieces.isEmpty() ? null : pieces.get(pieces.size() - 1);
        if (last != null && last.end() == physical) {
            pieces.set(pieces.size() - 1, new Piece(last.physical(), last.offset(), (int) (last.bytes() + length)));
        } else {
            pieces.add(new Piece(physical, last == null ? 0 : last.offset() + last.bytes(), (int) length));
        }
    }

    private static byte[] read(GuestRam ram, List<Piece> pieces, int total) throws Doubt {
        byte[] bytes = new byte[total];
        for (Stretch stretch : stretches(ram, pieces)) {
            Piece first = stretch.parts().get(0);
            if (stretch.parts().size() == 1) {
                ram.read(first.physical(), bytes, first.offset(), first.bytes());
                continue;
            }
            byte[] memory = stretch.read(ram);
            for (Piece part : stretch.parts()) {
                System.arraycopy(memory, stretch.indexOf(part), bytes, part.offset(), part.bytes());
            }
        }
        return bytes;
    }

    /** A range of physical memory that is read at once, with the parts of the image in it. */
    private record Stretch(List<Piece> parts) {
        long from() {
            return parts.get(0).physical();
        }

        long to() {
            return parts.get(parts.size() - 1).end();
        }

        /** Reading across a small hole is faster than another call. */
        boolean reaches(Piece part, GuestRam ram) {
            long hole = part.physical() - to();
            return hole >= 0 && hole <= MAX_READ_ALONG && part.end() - from() <= STRETCH && ram.holds(to(), hole);
        }

        byte[] read(GuestRam ram) throws Doubt {
            byte[] memory = new byte[(int) (to() - from())];
            ram.read(from(), memory, 0, memory.length);
            return memory;
        }

        int indexOf(Piece part) {
            return (int) (part.physical() - from());
        }
    }

    private static List<Stretch> stretches(GuestRam ram, List<Piece> pieces) {
        List<Stretch> stretches = new ArrayList<>();
        for (Piece piece : pieces) {
            for (int done = 0; done < piece.bytes(); done += STRETCH) {
                Piece part = new Piece(
                        piece.physical() + done, piece.offset() + done, Math.min(STRETCH, piece.bytes() - done));
                Stretch last = stretches.isEmpty() ? null : stretches.get(stretches.size() - 1);
                if (last != null && last.reaches(part, ram)) {
                    last.parts().add(part);
                } else {
                    stretches.add(new Stretch(new ArrayList<>(List.of(part))));
                }
            }
        }
        return stretches;
    }

    /** Compares old and new values of variables. */
    interface Comparison {
        boolean accepts(long then, long now);
    }

    /** Reads the variables again, until one is accepted. */
    boolean anyAgain(GuestRam ram, Comparison comparison) throws Doubt {
        for (Stretch stretch : stretches(ram, pieces)) {
            byte[] memory = stretch.read(ram);
            for (Piece part : stretch.parts()) {
                int at = stretch.indexOf(part);
                for (int i = 0; i < part.bytes(); i += Long.BYTES) {
                    long then = (long) GuestRam.LONG.get(bytes, part.offset() + i);
                    if (comparison.accepts(then, (long) GuestRam.LONG.get(memory, at + i))) {
                        return true;
                    }
                }
            }
        }
        return false;
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
