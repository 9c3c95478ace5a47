// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bench.stages;

import io.vmmig.VmmigException;
import io.vmmig.crypto.HostIdentity;
import java.nio.file.Path;

/** The host that signs, and that both ends of a connection are. Its keys are not made where a stage is measured cold. */
final class StageIdentity {
    /** Names the directory that it is kept in. */
    static final String PROPERTY = "vmmig.bench.identity";

    private StageIdentity() {}

    /** The directory; the identity is in it from then on. */
    static Path make(Path directory) throws VmmigException {
        Path identity = directory.resolve("identity");
        HostIdentity.in(identity);
        return identity;
    }

    static HostIdentity load() throws VmmigException {
        return HostIdentity.in(Path.of(System.getProperty(PROPERTY)));
    }
}
