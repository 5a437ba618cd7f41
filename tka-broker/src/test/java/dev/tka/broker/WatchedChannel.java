package dev.tka.broker;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;

/** A channel of a file that knows what would be left of the file if the power failed now. */
final class WatchedChannel extends FileChannel {
  private final FileChannel to;
  private byte[] onDisk = {};
  private boolean fails;

  WatchedChannel(FileChannel to) {
    this.to = to;
  }

  /** What the file held when it was last forced to the disk. */
  synchronized byte[] onDisk() {
    return onDisk.clone();
  }

  /** Whether the disk fails from now on. */
  synchronized void fails(boolean now) {
    fails = now;
  }

  @Override
  public synchronized void force(boolean metaData) throws IOException {
    if (fails) {
      throw new IOException("the disk is broken");
    }
    to.force(metaData);
    ByteBuffer all = ByteBuffer.allocate((int) to.size());
    while (all.hasRemaining() && to.read(all, all.position()) > 0) {}
    onDisk = all.array();
  }

  @Override
  public int read(ByteBuffer target) throws IOException {
    return to.read(target);
  }

  @Override
  public long read(ByteBuffer[] targets, int offset, int length) throws IOException {
    return to.read(targets, offset, length);
  }

  @Override
  public int write(ByteBuffer source) throws IOException {
    return to.write(source);
  }

  @Override
  public long write(ByteBuffer[] sources, int offset, int length) throws IOException {
    return to.write(sources, offset, length);
  }

  @Override
  public long position() throws IOException {
    return to.position();
  }

  @Override
  public FileChannel position(long position) throws IOException {
    to.position(position);
    return this;
  }

  @Override
  public long size() throws IOException {
    return to.size();
  }

  @Override
  public FileChannel truncate(long size) throws IOException {
    to.truncate(size);
    return this;
  }

  @Override
  public long transferTo(long position, long count, WritableByteChannel target) throws IOException {
    return to.transferTo(position, count, target);
  }

  @Override
  public long transferFrom(ReadableByteChannel source, long position, long count)
      throws IOException {
    return to.transferFrom(source, position, count);
  }

  @Override
  public int read(ByteBuffer target, long position) throws IOException {
    return to.read(target, position);
  }

  @Override
  public int write(ByteBuffer source, long position) throws IOException {
    return to.write(source, position);
  }

  @Override
  public MappedByteBuffer map(MapMode mode, long position, long size) throws IOException {
    return to.map(mode, position, size);
  }

  @Override
  public FileLock lock(long position, long size, boolean shared) throws IOException {
    return to.lock(position, size, shared);
  }

  @Override
  public FileLock tryLock(long position, long size, boolean shared) throws IOException {
    return to.tryLock(position, size, shared);
  }

  @Override
  protected void implCloseChannel() throws IOException {
    to.close();
  }
}
