// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.bundle.PackageLimits;
import io.vmmig.domain.DomainSettings;
import io.vmmig.protection.PackageVerifier;
import java.nio.file.Path;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/** The settings of a {@code Receiver}, whose methods document them. */
public final class ReceiveSettings extends MigrationSettings<ReceiveSettings> {
    /** First come, first served. */
    private static final Semaphore ARRIVING = new Semaphore(AT_ONCE, true);

    public @Nullable Path guests;
    public DomainSettings domain = DomainSettings.asSaved();
    public PackageLimits limits = PackageLimits.DEFAULT;
    public boolean overcommitMemory;
    public @Nullable PackageVerifier verifier;

    public ReceiveSettings() {
        super(ARRIVING);
    }
}
