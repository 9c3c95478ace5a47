// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.error.VmmigException;
import io.vmmig.files.FileNames;
import io.vmmig.hypervisor.Hypervisor;
import io.vmmig.state.HostState;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;

/** The directory for claims on names and uuids of a hypervisor: its shared directory, or otherwise the host's state. */
final class HypervisorClaims {
    private HypervisorClaims() {}

    static Path directory(Hypervisor hypervisor, HostState state) throws VmmigException {
        return hypervisor.sharedDirectory().orElse(state.directory(HostState.Part.CLAIMS));
    }

    /** The claims on an arriving guest's name and uuid. */
    static List<Path> ofArrival(String name, UUID uuid, Hypervisor hypervisor, HostState state) throws VmmigException {
        Path directory = directory(hypervisor, state);
        return List.of(
                directory.resolve("arriving-name-" + FileNames.of(name)), directory.resolve("arriving-uuid-" + uuid));
    }
}
