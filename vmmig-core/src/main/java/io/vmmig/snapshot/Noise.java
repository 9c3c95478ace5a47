// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import io.vmmig.page.PageSource;
import java.util.Arrays;

/** Recognizes data that do not compress, such as encrypted or compressed ones, by a sixteenth of their bytes. */
final class Noise {
    private static final int PAGE_BYTES = PageSource.PAGE_BYTES;
    private static final int RUN_BYTES = 32;
    private static final int SAMPLED_BYTES = PAGE_BYTES / 16;
    private static final int STEP = PAGE_BYTES / (SAMPLED_BYTES / RUN_BYTES);

    /** Of a page's sampled bytes, so many pairs are equal by chance; 11 is the standard deviation. */
    private static final double PAIRS = SAMPLED_BYTES * (SAMPLED_BYTES - 1) / 2.0 / 256;

    /** A page has more by chance once in a million times. */
    private static final double MOST_OF_A_PAGE = PAIRS * 1.45;

    /** Bytes that are a fiftieth more unequal in number are worth compressing. */
    private static final double MOST = PAIRS * 1.02;

    /** So many pages of others do not matter. */
    private static final int OTHERS = 128;

    private Noise() {}

    /** Whether compressing these bytes would save next to nothing; less than a page at the end does not count. */
    static boolean is(byte[] bytes, int from, int to) {
        int pages = (to - from) / PAGE_BYTES;
        int others = 0;
        long pairs = 0;
        int[] seen = new int[256];
        for (int page = 0; page < pages; page++) {
            int ofPage = 0;
            Arrays.fill(seen, 0);
            for (int run = 0; run < PAGE_BYTES; run += STEP) {
                int at = from + page * PAGE_BYTES + run;
                for (int end = at + RUN_BYTES; at < end; at++) {
                    ofPage += seen[bytes[at] & 0xff]++;
                }
            }
            if (ofPage > MOST_OF_A_PAGE) {
                others++;
                if (others > pages / OTHERS) {
                    return false;
                }
            } else {
                pairs += ofPage;
            }
        }
        return pages > others && pairs <= (pages - others) * MOST;
    }
}
