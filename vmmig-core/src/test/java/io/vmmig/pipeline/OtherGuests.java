// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.error.HypervisorException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.Guest;
import io.vmmig.hypervisor.HostCapabilities;
import io.vmmig.hypervisor.Hypervisor;
import io.vmmig.hypervisor.RestoreRequest;
import io.vmmig.hypervisor.RestoringGuest;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** A hypervisor of which nothing is known but which files its guests use, if that. */
final class OtherGuests implements Hypervisor {
    private final List<FileInUse> files = new ArrayList<>();
    private int failures;

    OtherGuests using(String guest, Path... paths) {
        for (Path path : paths) {
            files.add(new FileInUse(guest, path));
        }
        return this;
    }

    /** It cannot be reached the next so many times. */
    OtherGuests failing(int times) {
        failures = times;
        return this;
    }

    @Override
    public List<FileInUse> filesInUse(UUID except) throws VmmigException {
        if (failures > 0) {
            failures--;
            throw new HypervisorException(Problem.HYPERVISOR_UNREACHABLE, "nobody is there", "");
        }
        return files;
    }

    @Override
    public HostCapabilities capabilities() {
        throw new UnsupportedOperationException();
    }

    @Override
    public Guest guest(String name) {
        throw new UnsupportedOperationException();
    }

    @Override
    public List<GuestId> guests() {
        throw new UnsupportedOperationException();
    }

    @Override
    public RestoringGuest restore(RestoreRequest request) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() {
        // There is nothing to let go of.
    }
}
