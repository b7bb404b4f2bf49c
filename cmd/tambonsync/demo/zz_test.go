package demo_test
import ("testing";"tambonsync/cmd/tambonsync/demo";"tambonsync/syncproto/survey")
func TestSeeds(t *testing.T){
 f:=survey.Default()
 for sd:=uint64(0);sd<300;sd++{ tb:=demo.Generate(sd); n:=0
  for _,h:=range tb.Households{ p:=f.Check("household",h.Values); if len(p)!=len(h.Wrong){t.Error(sd,p,h)}; n+=len(p)
   for _,m:=range h.Members{p:=f.Check("member",m.Values); if len(p)!=len(m.Wrong){t.Error(sd,p,m)}; n+=len(p)}}
  if n!=11 {t.Error(sd,n)}
 }
 a,b:=demo.Grants()
 for sd:=uint64(0);sd<40;sd++{ for _,n:=range []int{30,40,48}{
  o:=newOffice(t)
  s,err:=o.play(a,b,func(x *demo.Options){x.Seed=sd;x.Households=n})
  if err!=nil{t.Log(sd,n,err);continue}
  if c:=len(o.cases()); c!=9||len(s.Cases)!=9||s.Different!=0{t.Log(sd,n,c,len(s.Cases),s.Different,s.Offline)}
 }}
}
