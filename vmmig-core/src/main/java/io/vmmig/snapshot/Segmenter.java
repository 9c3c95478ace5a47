// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import java.io.IOException;
import java.io.InputStream;

/** Splits a content into segments. For one thread. */
public interface Segmenter {
    /**
     * Fills a segment with decoded bytes and their description.
     *
     * @return whether more may follow
     */
    boolean fill(Segment segment, InputStream in) throws IOException;
}
