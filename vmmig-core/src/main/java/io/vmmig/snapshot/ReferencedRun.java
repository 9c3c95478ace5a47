// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import java.util.List;

/** A run of consecutive pages of one reference, and where in each reference the runs of a segment are. Not thread-safe. */
final class ReferencedRun {
    /** Where the run before has ended, as the decoder knows it as well. */
    private final long[] stored;
    /** How far a page of each reference is from its position in this package, as the last page found there shows. */
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

    /** Pages of a reference are probably so far from their position in this package, until one is found. */
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

    /** Which reference the run is of. */
    int reference() {
        return reference;
    }

    /** The distance from where the run before in that reference has ended to where this one begins. */
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

    /** The page of an ordered reference that has the place there that this position has here, or -1 if that is not known. */
    long counterpart(int ofReference, long position) {
        return anchored[ofReference] ? position + shift[ofReference] : -1;
    }
}
