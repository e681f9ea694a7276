using System;
using Sosia.Core.Snapshots;
using Sosia.Devices.Virtio;

namespace Sosia.Devices.Tests.Virtio;

/// <summary>A device of two queues that copies what it may read to where it may write: for testing queues and transports alone.</summary>
internal sealed class EchoDevice(VirtioContext context)
    : VirtioDevice(context, "echo", 42, 1UL << 3, 12, [256, 16])
{
    private readonly DescriptorChain _chain = new(context.Memory);
    private readonly byte[] _buffer = new byte[64 * 1024];

    public int Served { get; private set; }

    /// <summary>What happens between taking a request and copying.</summary>
    public Action? BeforeCopy { get; set; }

    public int Resets { get; private set; }

    public byte WritableByte => Configuration[4];

    public void ChangeConfiguration(uint value)
    {
        SetConfiguration32(0, value);
        ConfigurationChanged();
    }

    protected override bool ServiceQueue(VirtQueue queue)
    {
        for (int i = 0; i < RequestsPerTurn; i++)
        {
            if (!queue.TryPop(_chain))
            {
                return false;
            }

            Served++;
            BeforeCopy?.Invoke();
            Span<byte> data = _buffer.AsSpan(0, (int)Math.Min((ulong)_buffer.Length, Math.Min(_chain.ReadableByteCount, _chain.WritableByteCount)));
            if (!_chain.TryRead(0, data) || !_chain.TryWrite(0, data))
            {
                Break("buffer outside RAM", _chain.Head);
                return false;
            }

            queue.Push(_chain.Head, (uint)data.Length);
        }

        return true;
    }

    protected override bool TryWriteConfiguration(int offset, int byteCount, ulong value)
    {
        if (offset != 4 || byteCount != 1)
        {
            return false;
        }

        Configuration[4] = (byte)value;
        return true;
    }

    protected override void OnReset() => Resets++;

    protected override void SaveDevice(SnapshotWriter writer) => writer.Write("served", Served);

    protected override void RestoreDevice(SnapshotReader reader) => Served = reader.ReadInt32("served");
}
