// SPDX-License-Identifier: Apache-2.0
package io.vmmig.examples;

import io.vmmig.Migration;
import io.vmmig.Migrator;
import io.vmmig.Recovery;
import io.vmmig.error.CancelledException;
import io.vmmig.error.Phase;
import io.vmmig.error.VmmigException;
import io.vmmig.hypervisor.Hypervisor;
import io.vmmig.libvirt.LibvirtHypervisor;
import io.vmmig.report.SourceReport;
import io.vmmig.state.HostState;
import io.vmmig.transport.file.PackageFile;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Changes its mind while a guest's memory is on its way: the guest goes on where it was, and no file is left. */
public final class CancelMidway {
    private CancelMidway() {}

    public static void main(String[] args) throws InterruptedException {
        if (args.length != 4) {
            System.err.println("usage: CancelMidway LIBVIRT-URI GUEST FILE STATE-DIRECTORY");
            System.exit(2);
        }
        CountDownLatch midway = new CountDownLatch(1);
        try (Hypervisor hypervisor = LibvirtHypervisor.connect(args[0])) {
            HostState state = HostState.open(Path.of(args[3]));
            // What an earlier run has left, if it was killed.
            Recovery.of(hypervisor).state(state).run().resolutions().forEach(one -> System.out.println(one.what()));
            Migration<SourceReport> migration = Migrator.of(hypervisor)
                    .from(args[1])
                    .state(state)
                    .to(PackageFile.at(Path.of(args[2])).unsealed())
                    .onEvent(event -> {
                        if (event.phase() == Phase.SNAPSHOT) {
                            midway.countDown();
                        }
                    })
                    .start();
            while (!midway.await(50, TimeUnit.MILLISECONDS) && !migration.done()) {
                // a migration that fails early never gets midway
            }
            System.out.println(migration.cancel() ? "cancelling" : "too late");
            migration.await();
            System.out.println("the guest is in the file");
        } catch (CancelledException e) {
            System.out.println(e.getMessage());
        } catch (VmmigException e) {
            System.err.println(e.getMessage());
            System.exit(1);
        }
    }
}
