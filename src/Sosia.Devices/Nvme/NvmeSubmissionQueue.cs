using Sosia.Core;
using Sosia.Core.Snapshots;

namespace Sosia.Devices.Nvme;

/// <summary>A ring of commands.</summary>
internal sealed class NvmeSubmissionQueue
{
    public bool Exists { get; set; }

    public ulong Base { get; set; }

    /// <summary>How many entries it has.</summary>
    public uint Size { get; set; }

    public uint Head { get; set; }

    public uint Tail { get; set; }

    /// <summary>The queue that takes its completions.</summary>
    public int CompletionQueue { get; set; }

    public void Create(ulong address, uint size, int completionQueue)
    {
        Exists = true;
        Base = address;
        Size = size;
        Head = Tail = 0;
        CompletionQueue = completionQueue;
    }

    public void Save(SnapshotWriter writer, string prefix)
    {
        writer.Write(prefix + "exists", Exists);
        writer.Write(prefix + "base", Base);
        writer.Write(prefix + "size", Size);
        writer.Write(prefix + "head", Head);
        writer.Write(prefix + "tail", Tail);
        writer.Write(prefix + "completionQueue", CompletionQueue);
    }

    public void Restore(SnapshotReader reader, string prefix)
    {
        Exists = reader.ReadBoolean(prefix + "exists");
        Base = reader.ReadUInt64(prefix + "base");
        Size = reader.ReadUInt32(prefix + "size");
        Head = reader.ReadUInt32(prefix + "head");
        Tail = reader.ReadUInt32(prefix + "tail");
        CompletionQueue = reader.ReadInt32(prefix + "completionQueue");
        if (Exists && (Head >= Size || Tail >= Size || CompletionQueue is < 0 or > NvmeController.MaxIoQueues))
        {
            throw new SosiaException("The snapshot is damaged: an NVMe submission queue makes no sense.");
        }
    }
}
