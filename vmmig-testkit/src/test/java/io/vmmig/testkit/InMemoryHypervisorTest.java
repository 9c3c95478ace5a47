// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import io.vmmig.hypervisor.Hypervisor;

class InMemoryHypervisorTest extends HypervisorContract {
    private final InMemoryHypervisor hypervisor = new InMemoryHypervisor("host-a");

    @Override
    protected Hypervisor hypervisor() {
        return hypervisor;
    }

    @Override
    protected String runningGuest() throws Exception {
        if (hypervisor.stateOf("web-1").isEmpty()) {
            hypervisor.start(Domains.xml("web-1"), new byte[100_000], false);
        }
        return "web-1";
    }
}
