// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.it;

import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestPlan;

/** Takes the hosts down when all tests are over. Found by JUnit. */
public final class HostsDown implements TestExecutionListener {
    @Override
    public void testPlanExecutionFinished(TestPlan plan) {
        Hosts.close();
    }
}
