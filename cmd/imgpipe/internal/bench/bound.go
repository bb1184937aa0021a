package bench

import (
	"math"

	"imgpipe/cmd/imgpipe/internal/modes"
	"imgpipe/pipeline"
)

// A demand is what one image asks of each part of the pipeline, from the medians of one Config. By the utilization law
// (Denning and Buzen, Computing Surveys 10, 1978) the part that is busiest bounds the whole, and no part can do more
// images a second than its width over its demand.
type demand struct {
	config        Config
	width, images int
	cpus          float64
	rate          float64 // images/s
	cpu           float64 // CPU seconds for each image
	fetch, work   float64 // seconds on a download lane and on a worker lane for each image
	memory, start float64 // shares of the time of the workers
	lock          float64
}

func (c *Comparison) demand(config int) demand {
	r, images := c.Results[config], float64(max(c.Job.Images, 1))
	d := demand{
		config: c.Configs[config], width: c.width(config), images: c.Job.Images,
		cpus: float64(max(c.Machine.CPUs, 1)), rate: images / r.Wall.Center,
	}
	d.cpu = r.CPU.Center / images
	d.fetch = r.Stages[pipeline.StageFetch] / images
	lanes := r.Wall.Center * float64(d.config.Workers)
	for _, s := range []pipeline.Stage{
		pipeline.StageDecode, pipeline.StageOperate, pipeline.StageEncode, pipeline.StageHandover,
	} {
		d.work += r.Stages[s] / images
	}
	d.memory, d.start = r.Stages[pipeline.StageMemory]/lanes, r.Stages[pipeline.StageStart]/lanes
	d.lock = r.Stages[pipeline.StageLock] / lanes
	return d
}

// cpuUse, fetchUse and workUse return the shares of the time in which the CPUs, the download lanes and the worker lanes
// were busy.
func (d demand) cpuUse() float64   { return d.rate * d.cpu / d.cpus }
func (d demand) fetchUse() float64 { return d.rate * d.fetch / float64(d.config.Downloads) }
func (d demand) workUse() float64  { return d.rate * d.work / float64(d.config.Workers) }

// cpuRate returns what the CPUs could do if they did nothing else, and fetchRate what n downloads could bring, in
// images/s.
func (d demand) cpuRate() float64        { return d.cpus / d.cpu }
func (d demand) fetchRate(n int) float64 { return float64(n) / d.fetch }

// downloadsFor returns how many downloads bring so many images a second (Little's law), with a quarter to spare for
// those that come late.
func (d demand) downloadsFor(rate float64) int {
	return max(int(math.Ceil(1.25*rate*d.fetch)), 1)
}

// A bound is what keeps a job from being faster.
type bound string

const (
	boundCPU     bound = "CPU"
	boundIO      bound = "I/O"
	boundMemory  bound = "memory"
	boundStart   bound = "start-up"
	boundLock    bound = "lock"
	boundWorkers bound = "workers"
	boundOthers  bound = "others" // the CPUs, part of which other programs use
	boundOrder   bound = "order"  // one thing at a time
	boundImages  bound = "images" // all images are worked on at once
	boundNone    bound = "none"
)

// A part bounds the job if it is busy for at least this share of the time. Lanes are never all busy to the end of a
// job.
const (
	fullCPU   = 0.80
	fullLanes = 0.75
	muchWait  = 0.20
)

func (d demand) bound() bound {
	switch {
	case d.images <= d.width:
		return boundImages
	case d.config.Mode == modes.Serial && d.cpus > 1:
		return boundOrder
	case d.memory > muchWait:
		return boundMemory
	case d.lock > muchWait && d.config.Mode == modes.GIL:
		return boundLock
	case d.start > muchWait:
		return boundStart
	case d.cpuUse() >= fullCPU:
		return boundCPU
	case d.fetchUse() >= fullLanes && d.fetchUse() > d.workUse():
		return boundIO
	case d.workUse() >= fullLanes && float64(d.config.Workers) >= d.cpus:
		return boundOthers
	case d.workUse() >= fullLanes:
		return boundWorkers
	}
	return boundNone
}
