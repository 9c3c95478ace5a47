// SPDX-License-Identifier: Apache-2.0
package io.vmmig.examples;

import io.vmmig.crypto.HostIdentity;
import io.vmmig.crypto.NodeStore;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.tls.Introduction;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Scanner;

/** Meets a host on which {@link AwaitHost} waits, and trusts it when a person has compared the code that both show. */
public final class MeetHost {
    private MeetHost() {}

    public static void main(String[] args) {
        if (args.length != 5) {
            System.err.println("usage: MeetHost OWN-NAME HOST PORT IDENTITY-DIRECTORY NODES-DIRECTORY");
            System.exit(2);
        }
        try {
            NodeStore nodes = NodeStore.in(Path.of(args[4]));
            Introduction introduction = Introduction.with(args[1], Integer.parseInt(args[2]))
                    .as(HostIdentity.in(Path.of(args[3])), args[0])
                    .within(Duration.ofSeconds(10));
            System.out.println("code:  " + introduction.code());
            System.out.println("Does that host show the same code? Then type yes:");
            if (new Scanner(System.in).nextLine().strip().equals("yes")) {
                System.out.println(nodes.add(introduction.theirs()).name() + " is trusted now");
            }
        } catch (VmmigException e) {
            System.err.println(e.getMessage());
            System.exit(1);
        }
    }
}
