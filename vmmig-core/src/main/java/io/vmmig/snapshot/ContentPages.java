// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

/** The content pages of a decoded segment: those that are not of one repeated byte. Not thread-safe. */
final class ContentPages {
    private final int[] offsets = new int[Layout.MAX_PAGES];
    private final int[] twins = new int[Layout.MAX_PAGES];
    private int count;

    void clear() {
        count = 0;
    }

    /**
     * @param offset the page's offset in the decoded bytes
     * @param twin how many content pages before it an equal page is; 0 if its bytes are already in place
     */
    void add(int offset, int twin) {
        offsets[count] = offset;
        twins[count] = twin;
        count++;
    }

    int count() {
        return count;
    }

    int offset(int page) {
        return offsets[page];
    }

    int twin(int page) {
        return twins[page];
    }
}
