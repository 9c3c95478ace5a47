// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import io.vmmig.page.PageSource;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Differences between pages, as the exclusive or of the old and the new page. */
public final class Deltas {
    private static final VarHandle WORDS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());

    private static final int PAGE_BYTES = PageSource.PAGE_BYTES;

    /** With fewer equal words, the difference is hardly smaller than the page. */
    private static final int LEAST_EQUAL_WORDS = PAGE_BYTES / Long.BYTES / 2;

    private Deltas() {}

    /** Whether enough of a page is unchanged that the difference is smaller than the page. */
    static boolean worthwhile(byte[] before, int beforeOffset, byte[] buffer, int offset) {
        int equal = 0;
        for (int i = 0; i < PAGE_BYTES; i += Long.BYTES) {
            if ((long) WORDS.get(before, beforeOffset + i) == (long) WORDS.get(buffer, offset + i)) {
                equal++;
            }
        }
        return equal >= LEAST_EQUAL_WORDS;
    }

    /** Applies the difference in {@code change} to a page in {@code target}. */
    public static void apply(byte[] change, int changeOffset, byte[] target, int targetOffset) {
        for (int i = 0; i < PAGE_BYTES; i += Long.BYTES) {
            long changed = (long) WORDS.get(change, changeOffset + i) ^ (long) WORDS.get(target, targetOffset + i);
            WORDS.set(target, targetOffset + i, changed);
        }
    }
}
