// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.matrix;

import java.util.List;

/**
 * Hosts and guests that go from cell to cell, as long as all goes well. For one thread.
 *
 * @param <C> the cells that it tries
 */
public interface Lane<C> extends AutoCloseable {
    /**
     * What a cell came to.
     *
     * @param ending how it ended, in a word
     * @param wrong what was wrong; empty if nothing was
     */
    record Result(String ending, List<String> wrong) {}

    /**
     * Tries one cell.
     *
     * @param last whether no other cell follows that would show that a migration still works
     */
    Result run(C cell, boolean last);

    @Override
    void close();
}
