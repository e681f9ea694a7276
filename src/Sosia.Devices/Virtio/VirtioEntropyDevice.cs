using System;
using System.Buffers.Binary;
using System.Numerics;
using Sosia.Core.Randomness;
using Sosia.Core.Snapshots;
using Sosia.Host.Linux.Randomness;

namespace Sosia.Devices.Virtio;

/// <summary>A virtio entropy device (virtio 1.1, section 5.4): fills the driver's buffers with random bytes.</summary>
public sealed class VirtioEntropyDevice : VirtioDevice
{
    private const ushort QueueSize = 64;

    // A request may be filled in part (section 5.4.6.2); this keeps a hostile one from holding the machine.
    private const ulong MaxBytesPerRequest = 64 * 1024;

    private readonly DescriptorChain _chain;
    private readonly byte[] _buffer = new byte[4096];
    private readonly bool _isDeterministic;
    private readonly ulong[] _state = new ulong[4];

    /// <summary>Creates the device.</summary>
    /// <param name="context">The machine's parts that it uses.</param>
    /// <param name="name">Its name, unique in the machine.</param>
    /// <param name="deterministicSeed">Null for the host's entropy; a seed for a repeatable sequence, whose position is part of
    /// snapshots (for the deterministic clock mode; worthless as a secret).</param>
    public VirtioEntropyDevice(VirtioContext context, string name, ulong? deterministicSeed)
        : base(context, name, VirtioDeviceId.Entropy, 0, 0, [QueueSize])
    {
        _chain = new DescriptorChain(context.Memory);
        _isDeterministic = deterministicSeed is not null;
        Seed(deterministicSeed ?? 0);
    }

    /// <inheritdoc/>
    protected override bool ServiceQueue(VirtQueue queue)
    {
        for (int i = 0; i < RequestsPerTurn; i++)
        {
            if (!queue.TryPop(_chain))
            {
                return false;
            }

            ulong byteCount = Math.Min(_chain.WritableByteCount, MaxBytesPerRequest);
            for (ulong done = 0; done < byteCount;)
            {
                Span<byte> chunk = _buffer.AsSpan(0, (int)Math.Min(byteCount - done, (ulong)_buffer.Length));
                Fill(chunk);
                if (!_chain.TryWrite(done, chunk))
                {
                    Break("entropy buffer outside RAM", _chain.Head);
                    return false;
                }

                done += (ulong)chunk.Length;
            }

            queue.Push(_chain.Head, (uint)byteCount);
        }

        return true;
    }

    /// <inheritdoc/>
    protected override void SaveDevice(SnapshotWriter writer)
    {
        for (int i = 0; i < _state.Length; i++)
        {
            writer.Write($"generator{i}", _state[i]);
        }
    }

    /// <inheritdoc/>
    protected override void RestoreDevice(SnapshotReader reader)
    {
        for (int i = 0; i < _state.Length; i++)
        {
            _state[i] = reader.ReadUInt64($"generator{i}");
        }
    }

    private void Fill(Span<byte> destination)
    {
        if (!_isDeterministic)
        {
            HostRandom.Fill(destination);
            return;
        }

        Span<byte> word = stackalloc byte[8];
        while (!destination.IsEmpty)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(word, Next());
            int count = Math.Min(8, destination.Length);
            word[..count].CopyTo(destination);
            destination = destination[count..];
        }
    }

    // SplitMix64 spreads the seed over the state of xoshiro256** (Blackman and Vigna, 2018).
    private void Seed(ulong seed)
    {
        for (int i = 0; i < _state.Length; i++)
        {
            _state[i] = SplitMix64.Next(ref seed);
        }
    }

    private ulong Next()
    {
        ulong result = BitOperations.RotateLeft(_state[1] * 5, 7) * 9;
        ulong shifted = _state[1] << 17;
        _state[2] ^= _state[0];
        _state[3] ^= _state[1];
        _state[1] ^= _state[2];
        _state[0] ^= _state[3];
        _state[2] ^= shifted;
        _state[3] = BitOperations.RotateLeft(_state[3], 45);
        return result;
    }
}
