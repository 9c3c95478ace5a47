// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.readme;

import io.vmmig.Migration;
import io.vmmig.Migrator;
import io.vmmig.Receiver;
import io.vmmig.Recovery;
import io.vmmig.crypto.AcceptedSigners;
import io.vmmig.crypto.HostIdentity;
import io.vmmig.crypto.NodeCard;
import io.vmmig.crypto.NodeStore;
import io.vmmig.crypto.PackageSignatures;
import io.vmmig.crypto.SignaturePolicy;
import io.vmmig.domain.DomainSettings;
import io.vmmig.error.VmmigException;
import io.vmmig.event.MigrationEvent;
import io.vmmig.hypervisor.Hypervisor;
import io.vmmig.libvirt.LibvirtHypervisor;
import io.vmmig.report.BaselineReport;
import io.vmmig.report.DestinationReport;
import io.vmmig.report.RecoveryReport;
import io.vmmig.report.SourceReport;
import io.vmmig.state.HostState;
import io.vmmig.transport.PackageStore;
import io.vmmig.transport.StoredPackage;
import io.vmmig.transport.file.PackageFile;
import io.vmmig.transport.http.HttpPackage;
import io.vmmig.transport.tls.Introduction;
import io.vmmig.transport.tls.TlsListener;
import io.vmmig.transport.tls.TlsTransport;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/** The Java of the README, so that it compiles; {@link ReadmeTest} compares the two. */
final class ReadmeSnippets {
    private ReadmeSnippets() {}

    static SourceReport source() throws VmmigException, InterruptedException {
        try (Hypervisor hypervisor = LibvirtHypervisor.connect("qemu:///system")) {
            HostIdentity identity = HostIdentity.in(Path.of("/var/lib/mytool/identity"));
            NodeStore nodes = NodeStore.in(Path.of("/var/lib/mytool/nodes"));
            SourceReport report = Migrator.of(hypervisor)
                    .from("web-1")
                    .state(HostState.open(Path.of("/var/lib/mytool/state")))
                    .to(TlsTransport.to("host-b", 16550).as(identity).trusting(nodes, "host-b"))
                    .start()
                    .await();
            return report;
        }
    }

    static DestinationReport destination() throws VmmigException, InterruptedException {
        HostState state = HostState.open(Path.of("/var/lib/mytool/state"));
        try (Hypervisor hypervisor = LibvirtHypervisor.connect("qemu:///system");
                TlsListener listener = TlsListener.on("0.0.0.0", 16550)
                        .as(HostIdentity.in(Path.of("/var/lib/mytool/identity")))
                        .trusting(NodeStore.in(Path.of("/var/lib/mytool/nodes")))
                        .answering(Recovery.outcomesIn(state))
                        .listen()) {
            DestinationReport report = Receiver.of(hypervisor)
                    .into(Path.of("/var/lib/mytool/guests"))
                    .as(DomainSettings.asSaved().keepingNetworks())
                    .state(state)
                    .receive(listener.accept(Duration.ofMinutes(5)))
                    .await();
            return report;
        }
    }

    static void progress(Migrator migrator) {
        Migration<SourceReport> migration = migrator.onEvent(event -> {
                    if (event instanceof MigrationEvent.Progress progress) {
                        System.out.printf("%3.0f %% %s%n", 100 * progress.fraction(), progress.doing());
                    }
                })
                .start();
        migration.completion().thenAccept(report -> System.out.println(report.toJson()));
    }

    static RecoveryReport recovery(Hypervisor hypervisor, HostIdentity identity, NodeStore nodes)
            throws VmmigException {
        RecoveryReport report = Recovery.of(hypervisor)
                .state(HostState.open(Path.of("/var/lib/mytool/state")))
                .asking(address -> TlsTransport.to(address).as(identity).trusting(nodes))
                .run();
        return report;
    }

    static void introduction(HostIdentity identity) throws VmmigException {
        Introduction introduction =
                Introduction.with("host-b", 16550).as(identity, "host-a").within(Duration.ofSeconds(10));
        System.out.println("code:  " + introduction.code());
    }

    static void save(Hypervisor hypervisor, HostIdentity identity) throws VmmigException, InterruptedException {
        Migrator.of(hypervisor)
                .from("web-1")
                .state(HostState.open(Path.of("/var/lib/mytool/state")))
                .to(PackageFile.at(Path.of("/backup/web-1.vmmig")).sealedFor(identity.keys()))
                .signedBy(PackageSignatures.of(identity))
                .start()
                .await();
    }

    static SourceReport baseline(Hypervisor hypervisor, HostState state, HostIdentity identity, NodeCard hostB)
            throws VmmigException, InterruptedException {
        Migrator web1 = Migrator.of(hypervisor).from("web-1").state(state).signedBy(PackageSignatures.of(identity));
        PackageFile first = PackageFile.at(Path.of("/stick/monday.vmmig")).sealedFor(hostB.keys());
        PackageFile second = PackageFile.at(Path.of("/stick/tuesday.vmmig")).sealedFor(hostB.keys());
        BaselineReport monday = web1.baseline(first).await();
        SourceReport tuesday =
                web1.to(second.upon(monday.seal())).removingTheGuest().start().await();
        return tuesday;
    }

    static void uponBaseline(Receiver receiver, HostIdentity identity) throws VmmigException, InterruptedException {
        PackageFile second = PackageFile.at(Path.of("/stick/tuesday.vmmig")).openedBy(identity);
        receiver.restore(second.upon(Path.of("/stick/monday.vmmig")).open()).await();
    }

    static Map.Entry<PackageStore, StoredPackage> http(HostIdentity identity, NodeCard hostB) throws VmmigException {
        URI place = URI.create("https://packages.example.com/web-1");
        PackageStore there = HttpPackage.at(place).sealedFor(hostB.keys());
        StoredPackage back = HttpPackage.at(place)
                .openedBy(identity)
                .spooledIn(Path.of("/var/lib/mytool/spool"))
                .open();
        return Map.entry(there, back);
    }

    static void restore(Hypervisor hypervisor, HostIdentity identity, NodeStore nodes)
            throws VmmigException, InterruptedException {
        SignaturePolicy policy = SignaturePolicy.of(identity, AcceptedSigners.in(nodes));
        Receiver.of(hypervisor)
                .into(Path.of("/var/lib/mytool/guests"))
                .as(DomainSettings.asSaved().keepingNetworks())
                .state(HostState.open(Path.of("/var/lib/mytool/state")))
                .accepting(PackageSignatures.by(policy))
                .restore(PackageFile.at(Path.of("/backup/web-1.vmmig"))
                        .openedBy(identity)
                        .open())
                .await();
    }
}
