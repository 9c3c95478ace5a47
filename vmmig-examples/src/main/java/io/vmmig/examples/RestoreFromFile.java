// SPDX-License-Identifier: Apache-2.0
package io.vmmig.examples;

import io.vmmig.Receiver;
import io.vmmig.Recovery;
import io.vmmig.crypto.AcceptedSigners;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.crypto.PackageSignatures;
import io.vmmig.crypto.SignaturePolicy;
import io.vmmig.domain.DomainSettings;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.Hypervisor;
import io.vmmig.libvirt.LibvirtHypervisor;
import io.vmmig.report.DestinationReport;
import io.vmmig.state.HostState;
import io.vmmig.transport.file.PackageFile;
import java.nio.file.Path;

/** Brings the guest in a package file to life, as a copy with a name and a uuid of its own. */
public final class RestoreFromFile {
    private RestoreFromFile() {}

    public static void main(String[] args) throws InterruptedException {
        if (args.length != 6) {
            System.err.println("usage: RestoreFromFile LIBVIRT-URI FILE NEW-NAME GUESTS-DIRECTORY STATE-DIRECTORY"
                    + " IDENTITY-DIRECTORY");
            System.exit(2);
        }
        try (Hypervisor hypervisor = LibvirtHypervisor.connect(args[0])) {
            HostState state = HostState.open(Path.of(args[4]));
            // What an earlier run has left, if it was killed.
            Recovery.of(hypervisor).state(state).run().resolutions().forEach(one -> System.out.println(one.what()));
            HostIdentity self = HostIdentity.in(Path.of(args[5]));
            DestinationReport report = Receiver.of(hypervisor)
                    .accepting(PackageSignatures.by(SignaturePolicy.of(self, AcceptedSigners.own(self))))
                    .into(Path.of(args[3]))
                    .state(state)
                    .as(DomainSettings.asSaved().named(args[2]).withNewUuid().keepingNetworks())
                    .restore(PackageFile.at(Path.of(args[1])).openedBy(self).open())
                    .await();
            System.out.println(report.summary().guest() + " runs; what is different about it:");
            report.domainChanges().forEach(change -> System.out.println("  " + change));
        } catch (VmmigException e) {
            System.err.println(e.getMessage());
            System.exit(1);
        }
    }
}
