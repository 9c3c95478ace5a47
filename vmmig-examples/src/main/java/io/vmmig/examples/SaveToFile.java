// SPDX-License-Identifier: Apache-2.0
package io.vmmig.examples;

import io.vmmig.Migrator;
import io.vmmig.Recovery;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.crypto.PackageSignatures;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.Hypervisor;
import io.vmmig.libvirt.LibvirtHypervisor;
import io.vmmig.report.SourceReport;
import io.vmmig.state.HostState;
import io.vmmig.transport.file.PackageFile;
import java.nio.file.Path;

/** Backs a running guest up into a package file; the guest keeps running. */
public final class SaveToFile {
    private SaveToFile() {}

    public static void main(String[] args) throws InterruptedException {
        if (args.length != 5) {
            System.err.println("usage: SaveToFile LIBVIRT-URI GUEST FILE IDENTITY-DIRECTORY STATE-DIRECTORY");
            System.exit(2);
        }
        try (Hypervisor hypervisor = LibvirtHypervisor.connect(args[0])) {
            HostState state = HostState.open(Path.of(args[4]));
            // What an earlier run has left, if it was killed.
            Recovery.of(hypervisor).state(state).run().resolutions().forEach(one -> System.out.println(one.what()));
            HostIdentity self = HostIdentity.in(Path.of(args[3]));
            SourceReport report = Migrator.of(hypervisor)
                    .from(args[1])
                    .state(state)
                    .to(PackageFile.at(Path.of(args[2])).sealedFor(self.keys()))
                    .signedBy(PackageSignatures.of(self))
                    .start()
                    .await();
            System.out.printf(
                    "%s: %d bytes of memory are now %d bytes of package; the guest stood still for %d ms%n",
                    report.summary().guest(),
                    report.summary().snapshotBytes(),
                    report.summary().packageBytes(),
                    report.downtimeMillis().orElse(0));
        } catch (VmmigException e) {
            System.err.println(e.getMessage());
            System.exit(1);
        }
    }
}
