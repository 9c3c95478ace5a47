// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import java.nio.file.Path;

/** Builds the index of 32 GiB of content that lies far apart in 16 TiB, and looks it up. */
final class BigIndex {
    private static final long PAGES = IndexLayout.MAX_PAGES;
    private static final long RUN = 1 << 18;
    private static final long RUN_EVERY = 1 << 27;

    private BigIndex() {}

    /** @param args where the index shall be */
    public static void main(String[] args) throws Exception {
        Path path = Path.of(args[0]);
        long entries = 0;
        try (PageIndexBuilder index = PageIndexBuilder.begin(path, ".building-", "big", PAGES)) {
            for (long run = 0; run < PAGES; run += RUN_EVERY) {
                for (long page = run; page < run + RUN; page++, entries++) {
                    index.add(mix(page), page);
                }
            }
            index.finish();
        }
        PageIndex index = PageIndex.open(path, "big", PAGES);
        long found = 0;
        for (long run = 0; run < PAGES; run += RUN_EVERY) {
            for (long page = run; page < run + RUN; page++) {
                found += index.find(mix(page), -1) == page ? 1 : 0;
            }
        }
        if (found < entries || index.damaged()) {
            throw new AssertionError(found + " of " + entries + " found");
        }
        System.out.println("found all");
    }

    private static long mix(long value) {
        long mixed = (value + 1) * 0x9E3779B97F4A7C15L;
        mixed = (mixed ^ mixed >>> 30) * 0xBF58476D1CE4E5B9L;
        mixed = (mixed ^ mixed >>> 27) * 0x94D049BB133111EBL;
        return mixed ^ mixed >>> 31;
    }
}
