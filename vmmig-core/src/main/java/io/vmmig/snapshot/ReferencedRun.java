// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import java.util.List;

/** A run of consecutive pages of one reference, and the positions of a segment's runs in each reference. Not thread-safe. */
final class ReferencedRun {
    /** The end of the previous run, which the decoder knows as well. */
    private final long[] stored;
    /** For each reference, the distance of its pages from their positions in this package, by the last page found. */
    private final long[] shift;

    private final boolean[] anchored;

    private int reference;
    private long step;

    ReferencedRun(List<Reference> references) {
        this.stored = new long[references.size()];
        this.shift = new long[references.size()];
        this.anchored = new boolean[references.size()];
        for (int i = 0; i < anchored.length; i++) {
            anchored[i] = references.get(i).order() == Reference.Order.SAME_POSITIONS;
        }
    }

    /** Sets the assumed distance for a reference until a page is found. */
    void anchor(int ofReference, long distance) {
        shift[ofReference] = distance;
        anchored[ofReference] = true;
    }

    /** Begins a run of one page. */
    void begin(int newReference, long page, long position) {
        reference = newReference;
        step = page - stored[reference];
        stored[reference] = page + 1;
        shift[reference] = page - position;
        anchored[reference] = true;
    }

    /** Adds a page to the run; always true. */
    boolean proceed() {
        stored[reference]++;
        return true;
    }

    /** The distance of the run's pages from their positions in this package. */
    long shift() {
        return shift[reference];
    }

    /** The reference of the run. */
    int reference() {
        return reference;
    }

    /** The distance from the end of the previous run in that reference to the beginning of this one. */
    long step() {
        return step;
    }

    /** The page after the run. */
    long next() {
        return stored[reference];
    }

    /** The page after the last run of that reference. */
    long next(int ofReference) {
        return stored[ofReference];
    }

    /** The page of an ordered reference that corresponds to this position, or -1 if it is not known. */
    long counterpart(int ofReference, long position) {
        return anchored[ofReference] ? position + shift[ofReference] : -1;
    }
}
