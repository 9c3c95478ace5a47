// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.error.VmmigException;
import io.vmmig.state.HostState;
import io.vmmig.transport.Outcome;
import io.vmmig.transport.StoredPackages;
import java.util.UUID;

/**
 * This host's records of packages from stores.
 *
 * @param state this host's state
 */
public record StoredOutcomes(HostState state) implements StoredPackages {
    @Override
    public Outcome outcomeOf(UUID packageId) throws VmmigException {
        return ConsumedPackages.of(state).outcomeOf(packageId);
    }

    @Override
    public boolean refuse(UUID packageId) throws VmmigException {
        return ConsumedPackages.of(state).refuse(packageId);
    }
}
