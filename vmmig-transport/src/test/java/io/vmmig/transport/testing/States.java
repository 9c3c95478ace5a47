// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.testing;

import io.vmmig.error.VmmigException;
import io.vmmig.state.HostState;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The states of a test's hosts. Their indexes are built in the background, which has to end before their directory is removed. */
public final class States implements AutoCloseable {
    private final List<HostState> all = new ArrayList<>();

    public HostState open(Path directory) throws VmmigException {
        HostState state = HostState.open(directory);
        all.add(state);
        return state;
    }

    @Override
    public void close() throws VmmigException {
        for (HostState state : all) {
            state.images().references().close();
        }
    }
}
