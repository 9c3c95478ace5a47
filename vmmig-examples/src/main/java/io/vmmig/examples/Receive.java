// SPDX-License-Identifier: Apache-2.0
package io.vmmig.examples;

import io.vmmig.Receiver;
import io.vmmig.Recovery;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.crypto.NodeStore;
import io.vmmig.domain.DomainSettings;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.Hypervisor;
import io.vmmig.libvirt.LibvirtHypervisor;
import io.vmmig.report.DestinationReport;
import io.vmmig.state.HostState;
import io.vmmig.transport.tls.TlsListener;
import java.nio.file.Path;
import java.time.Duration;

/** Takes in one guest from any of the trusted nodes, which {@link AwaitHost} has added. */
public final class Receive {
    private Receive() {}

    public static void main(String[] args) throws InterruptedException {
        if (args.length != 6) {
            System.err.println(
                    "usage: Receive LIBVIRT-URI PORT IDENTITY-DIRECTORY NODES-DIRECTORY GUESTS-DIRECTORY STATE-DIRECTORY");
            System.exit(2);
        }
        try (Hypervisor hypervisor = LibvirtHypervisor.connect(args[0])) {
            HostState state = HostState.open(Path.of(args[5]));
            // What an earlier run has left, if it was killed.
            Recovery.of(hypervisor).state(state).run().resolutions().forEach(one -> System.out.println(one.what()));
            take(hypervisor, state, args);
        } catch (VmmigException e) {
            System.err.println(e.getMessage());
            System.exit(1);
        }
    }

    private static void take(Hypervisor hypervisor, HostState state, String[] args)
            throws VmmigException, InterruptedException {
        try (TlsListener listener = TlsListener.on("0.0.0.0", Integer.parseInt(args[1]))
                .as(HostIdentity.in(Path.of(args[2])))
                .trusting(NodeStore.in(Path.of(args[3])))
                .answering(Recovery.outcomesIn(state))
                .listen()) {
            System.out.println("listening on port " + listener.port());
            DestinationReport report = Receiver.of(hypervisor)
                    .into(Path.of(args[4]))
                    .as(DomainSettings.asSaved().keepingNetworks())
                    .state(state)
                    .receive(listener.accept(Duration.ofMinutes(5)))
                    .await();
            System.out.println(report.summary().guest() + " runs here now; it came from "
                    + report.summary().from());
        }
    }
}
