// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

/** Finds pages that equal one of the latest. It may miss some, which makes the package larger. Not thread-safe. */
final class PageWindow {
    private static final int SLOT_BITS = 16;

    private final PageRing ring = PageRing.forWriting();
    private final long[] hashes = new long[1 << SLOT_BITS];
    private final long[] numbers = new long[1 << SLOT_BITS];

    /**
     * Adds a page.
     *
     * @return how many pages before it an equal one is, or 0 if none is known
     */
    int add(byte[] buffer, int offset, long hash) {
        int slot = (int) (hash >>> (Long.SIZE - SLOT_BITS));
        int other = slot ^ 1;
        int twin = twin(slot, buffer, offset, hash);
        if (twin == 0) {
            twin = twin(other, buffer, offset, hash);
        }
        boolean otherIsOlder = numbers[other] < numbers[slot];
        int taken = hashes[slot] == hash || (hashes[other] != hash && !otherIsOlder) ? slot : other;
        hashes[taken] = hash;
        ring.add(buffer, offset);
        // The first of many equal pages is remembered as long as possible, so that chains of equal pages stay short.
        if (twin == 0 || twin > PageRing.PAGES / 2) {
            numbers[taken] = ring.count();
        }
        return twin;
    }

    /** Returns its buffer for reuse; the window must not be used afterwards. */
    void dissolve() {
        ring.dissolve();
    }

    private int twin(int slot, byte[] buffer, int offset, long hash) {
        if (hashes[slot] != hash || numbers[slot] == 0) {
            return 0;
        }
        long distance = ring.count() - (numbers[slot] - 1);
        boolean equal = distance <= PageRing.PAGES && ring.equals((int) distance, buffer, offset);
        return equal ? (int) distance : 0;
    }
}
