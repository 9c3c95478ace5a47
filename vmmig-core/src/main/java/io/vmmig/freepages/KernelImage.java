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
    private static final long STRETCH = 1 << 20;

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
        for (Stretch stretch : stretches(ram, pieces)) {
            if (stretch.pieces().size() == 1) {
                int offset = stretch.offsetOf(stretch.pieces().get(0));
                ram.read(stretch.from(), bytes, offset, (int) (stretch.to() - stretch.from()));
                continue;
            }
            byte[] memory = stretch.read(ram);
            stretch.variables(memory, (offset, at, length) -> System.arraycopy(memory, at, bytes, offset, length));
        }
        return bytes;
    }

    /** The variables in a part of the read memory. */
    private interface Variables {
        void at(int offset, int in, int length);
    }

    /** A range of physical memory with pieces of the image, which may extend beyond it. */
    private record Stretch(long from, long to, List<Piece> pieces) {
        byte[] read(GuestRam ram) throws Doubt {
            byte[] memory = new byte[(int) (to - from)];
            ram.read(from, memory, 0, memory.length);
            return memory;
        }

        /** The index among the variables of the part of a piece within this range. */
        int offsetOf(Piece piece) {
            return (int) (piece.offset() + Math.max(piece.physical(), from) - piece.physical());
        }

        void variables(byte[] memory, Variables each) {
            for (Piece piece : pieces) {
                long first = Math.max(piece.physical(), from);
                long end = Math.min(piece.physical() + piece.bytes(), to);
                each.at(offsetOf(piece), (int) (first - from), (int) (end - first));
            }
        }
    }

    /** Reading across a small hole is faster than another call. */
    private static List<Stretch> stretches(GuestRam ram, List<Piece> pieces) {
        List<Stretch> stretches = new ArrayList<>();
        for (Piece piece : pieces) {
            long from = piece.physical();
            long end = piece.physical() + piece.bytes();
            Stretch last = stretches.isEmpty() ? null : stretches.get(stretches.size() - 1);
            if (last != null
                    && from >= last.to()
                    && from - last.to() <= MAX_READ_ALONG
                    && from - last.from() < STRETCH
                    && ram.holds(last.to(), from - last.to())) {
                long to = Math.min(end, last.from() + STRETCH);
                List<Piece> joined = new ArrayList<>(last.pieces());
                joined.add(piece);
                stretches.set(stretches.size() - 1, new Stretch(last.from(), to, joined));
                from = to;
            }
            while (from < end) {
                long to = Math.min(end, from + STRETCH);
                stretches.add(new Stretch(from, to, List.of(piece)));
                from = to;
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
            boolean[] accepted = new boolean[1];
            stretch.variables(memory, (offset, at, length) -> {
                for (int i = 0; i < length && !accepted[0]; i += Long.BYTES) {
                    accepted[0] = comparison.accepts(
                            (long) GuestRam.LONG.get(bytes, offset + i), (long) GuestRam.LONG.get(memory, at + i));
                }
            });
            if (accepted[0]) {
                return true;
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
