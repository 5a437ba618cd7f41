package dev.tka.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.DatagramPacket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.newsclub.net.unix.AFUNIXDatagramSocket;
import org.newsclub.net.unix.AFUNIXSocketAddress;

class ServiceManagerTest {
  @TempDir Path folder;

  @Test
  void aStatusIsOneMessageWhateverItSays() throws Exception {
    Path socket = folder.resolve("notify");
    try (AFUNIXDatagramSocket manager = AFUNIXDatagramSocket.newInstance()) {
      manager.bind(AFUNIXSocketAddress.of(socket));
      manager.setSoTimeout(30_000);
      assertThat(ServiceManager.of(socket.toString()).status("waits\nSTOPPING=1")).isEmpty();
      DatagramPacket packet = new DatagramPacket(new byte[1000], 1000);
      manager.receive(packet);
      assertThat(new String(packet.getData(), 0, packet.getLength(), StandardCharsets.UTF_8))
          .isEqualTo("STATUS=waits\ufffdSTOPPING=1");
    }
  }
}
