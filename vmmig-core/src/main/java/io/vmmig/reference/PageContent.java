// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import java.io.Closeable;
import java.io.IOException;

/** Content as a row of bytes that are cut into pages. Thread-safe, except {@link #close()}. */
interface PageContent extends Closeable {
    /** How long it is; its last page may be a part of one. */
    long bytes();

    /** Reads what is there; behind the end there are zeros. */
    void read(long position, byte[] buffer, int offset, int length) throws IOException;

    /**
     * The first position, from {@code position} on, at which there may be a page that is worth finding, which one of zeros is not;
     * the end if there is none.
     *
     * @param position a multiple of the size of a page
     */
    long nextData(long position) throws IOException;

    /**
     * Where that ends which begins at {@code position} and is worth finding.
     *
     * @param position what {@link #nextData} has given
     */
    default long endOfData(long position) throws IOException {
        return bytes();
    }
}
