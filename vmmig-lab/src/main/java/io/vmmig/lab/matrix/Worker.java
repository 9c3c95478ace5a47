// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.matrix;

import java.util.List;

/**
 * Runs cell after cell with the same hosts and guests, until a cell is red. For one thread.
 *
 * @param <C> the cells that it runs
 */
public interface Worker<C> extends AutoCloseable {
    /**
     * The result of a cell.
     *
     * @param outcome the outcome in a word
     * @param wrong what was wrong; empty if nothing was
     */
    record Result(String outcome, List<String> wrong) {}

    /**
     * Runs one cell.
     *
     * @param last whether no cell follows, which would show that migrations still work
     */
    Result run(C cell, boolean last);

    @Override
    void close();
}
