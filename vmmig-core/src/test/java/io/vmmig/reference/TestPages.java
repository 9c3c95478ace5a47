// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import io.vmmig.page.PageHash;
import io.vmmig.page.PageSource;
import java.util.Random;

/** Pages that are told apart by a number. */
final class TestPages {
    private TestPages() {}

    static byte[] page(long number) {
        byte[] page = new byte[PageSource.PAGE_BYTES];
        new Random(number).nextBytes(page);
        return page;
    }

    static long hash(long number) {
        return PageHash.of(page(number), 0);
    }
}
