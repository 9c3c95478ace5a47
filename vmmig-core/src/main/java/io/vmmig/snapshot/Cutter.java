// SPDX-License-Identifier: Apache-2.0
package io.vmmig.snapshot;

import java.io.IOException;
import java.io.InputStream;

/** Cuts a content into segments. For one thread. */
public interface Cutter {
    /**
     * Fills the decoded bytes of a segment, and says what they are.
     *
     * @return whether more may follow
     */
    boolean fill(Segment segment, InputStream in) throws IOException;
}
