using System.Collections.Generic;

namespace Sosia.Images;

/// <summary>What an examination of an image's tables found. The contents of the disk are not examined.</summary>
public sealed class ImageCheck
{
    private const int MaxMessages = 50;

    private readonly List<string> _messages = [];

    /// <summary>Places where the tables contradict each other: reading or writing on may give wrong data.</summary>
    public long CorruptionCount { get; private set; }

    /// <summary>Clusters or blocks of the file that nothing uses: lost space, no danger.</summary>
    public long LeakCount { get; private set; }

    /// <summary>How many of them were repaired.</summary>
    public long RepairedCount { get; internal set; }

    /// <summary>Allocated clusters or blocks of the disk.</summary>
    public long AllocatedCount { get; internal set; }

    /// <summary>All clusters or blocks of the disk.</summary>
    public long TotalCount { get; internal set; }

    /// <summary>The first findings, one sentence each.</summary>
    public IReadOnlyList<string> Messages => _messages;

    internal void AddCorruption(string message)
    {
        CorruptionCount++;
        Add(message);
    }

    internal void AddLeak(string message, long count = 1)
    {
        LeakCount += count;
        Add(message);
    }

    internal void ForgetLeaks() => LeakCount = 0;

    private void Add(string message)
    {
        if (_messages.Count < MaxMessages)
        {
            _messages.Add(message);
        }
        else if (_messages.Count == MaxMessages)
        {
            _messages.Add("More of this kind is not listed.");
        }
    }
}
