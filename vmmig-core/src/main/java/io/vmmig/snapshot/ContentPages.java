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
     * @param offset where the page is among the decoded bytes
     * @param twin how many content pages before it the page is that it equals; 0 if its bytes are there already
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
