// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle;

import io.vmmig.page.PageHash;
import io.vmmig.page.PageSource;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;

/** A reference in memory. */
final class MemoryPages implements PageSource {
    private final byte[][] pages;
    private final Map<Long, Long> numbers = new HashMap<>();

    /** These pages; null is a page of zeros. */
    MemoryPages(byte[]... pages) {
        this.pages = pages;
        for (int i = 0; i < pages.length; i++) {
            if (pages[i] != null) {
                numbers.putIfAbsent(PageHash.of(pages[i], 0), (long) i);
            }
        }
    }

    @Override
    public long pages() {
        return pages.length;
    }

    @Override
    public void read(long page, byte[] buffer, int offset) throws IOException {
        byte[] content = pages[(int) page];
        System.arraycopy(content == null ? new byte[PAGE_BYTES] : content, 0, buffer, offset, PAGE_BYTES);
    }

    @Override
    public long find(long hash, long near) {
        boolean fits = near >= 0
                && near < pages.length
                && pages[(int) near] != null
                && PageHash.of(pages[(int) near], 0) == hash;
        return fits ? near : numbers.getOrDefault(hash, -1L);
    }

    @Override
    public void close() {
        // Nothing is open.
    }
}
