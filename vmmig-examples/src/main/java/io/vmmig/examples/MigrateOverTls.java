// SPDX-License-Identifier: Apache-2.0
package io.vmmig.examples;

import io.vmmig.Migrator;
import io.vmmig.Recovery;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.crypto.NodeStore;
import io.vmmig.error.VmmigException;
import io.vmmig.event.MigrationEvent;
import io.vmmig.hypervisor.Hypervisor;
import io.vmmig.libvirt.LibvirtHypervisor;
import io.vmmig.report.SourceReport;
import io.vmmig.state.HostState;
import io.vmmig.transport.Transport;
import io.vmmig.transport.tls.TlsTransport;
import java.nio.file.Path;

/** Moves a running guest to a host on which {@link Receive} waits, and which {@link MeetHost} has added to the trusted nodes. */
public final class MigrateOverTls {
    private MigrateOverTls() {}

    public static void main(String[] args) throws InterruptedException {
        if (args.length != 8) {
            System.err.println(
                    "usage: MigrateOverTls LIBVIRT-URI GUEST NODE HOST PORT IDENTITY-DIRECTORY NODES-DIRECTORY"
                            + " STATE-DIRECTORY");
            System.exit(2);
        }
        try (Hypervisor hypervisor = LibvirtHypervisor.connect(args[0])) {
            HostState state = HostState.open(Path.of(args[7]));
            HostIdentity identity = HostIdentity.in(Path.of(args[5]));
            NodeStore nodes = NodeStore.in(Path.of(args[6]));
            // What an earlier run has left, if it was killed.
            Recovery.of(hypervisor)
                    .state(state)
                    .asking(address -> TlsTransport.to(address).as(identity).trusting(nodes))
                    .run()
                    .resolutions()
                    .forEach(one -> System.out.println(one.what()));
            Transport node = TlsTransport.to(args[3], Integer.parseInt(args[4]))
                    .as(identity)
                    .trusting(nodes, args[2]);
            SourceReport report = Migrator.of(hypervisor)
                    .from(args[1])
                    .state(state)
                    .to(node)
                    .onEvent(event -> {
                        if (event instanceof MigrationEvent.Progress progress) {
                            System.out.printf(
                                    "%3.0f %% %s: %s%n", 100 * progress.fraction(), event.phase(), progress.doing());
                        }
                    })
                    .start()
                    .await();
            System.out.println(report.toJson());
        } catch (VmmigException e) {
            System.err.println(e.getMessage());
            System.exit(1);
        }
    }
}
