// SPDX-License-Identifier: Apache-2.0
package io.vmmig.examples;

import io.vmmig.crypto.HostIdentity;
import io.vmmig.crypto.NodeStore;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.tls.Introduction;
import io.vmmig.transport.tls.TlsListener;
import java.nio.file.Path;
import java.util.Scanner;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** Waits until a host comes that {@link MeetHost} runs on, and trusts it when a person has compared the code that both show. */
public final class AwaitHost {
    private AwaitHost() {}

    public static void main(String[] args) throws InterruptedException {
        if (args.length != 4) {
            System.err.println("usage: AwaitHost OWN-NAME PORT IDENTITY-DIRECTORY NODES-DIRECTORY");
            System.exit(2);
        }
        try {
            HostIdentity self = HostIdentity.in(Path.of(args[2]));
            NodeStore nodes = NodeStore.in(Path.of(args[3]));
            BlockingQueue<Introduction> strangers = new LinkedBlockingQueue<>();
            try (TlsListener listener = TlsListener.on("0.0.0.0", Integer.parseInt(args[1]))
                    .as(self)
                    .trusting(nodes)
                    .introducing(args[0], strangers::add)
                    .listen()) {
                System.out.println("listening on port " + listener.port());
                Introduction stranger = strangers.take();
                System.out.println("code:  " + stranger.code());
                System.out.println("Does that host show the same code? Then type yes:");
                if (new Scanner(System.in).nextLine().strip().equals("yes")) {
                    System.out.println(nodes.add(stranger.theirs()).name() + " is trusted now");
                }
            }
        } catch (VmmigException e) {
            System.err.println(e.getMessage());
            System.exit(1);
        }
    }
}
